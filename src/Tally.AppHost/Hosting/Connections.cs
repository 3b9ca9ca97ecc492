namespace Tally.AppHost.Hosting;

/// <summary>
/// What <c>connections.json</c> (mode 0600) in the data folder holds: how to reach the databases and Kafka with other tools.
/// </summary>
public sealed record Connections
{
    /// <summary>Told apart from other systems on the same servers.</summary>
    public string Id { get; init; } = "";

    /// <summary>The Calculator's database.</summary>
    public DatabaseConnection Calculator { get; init; } = new();

    /// <summary>Totals' database.</summary>
    public DatabaseConnection Totals { get; init; } = new();

    /// <summary>The connection that may make databases: the superuser's, or the one that was given.</summary>
    public DatabaseConnection Postgres { get; init; } = new();

    /// <summary>Kafka and the topic.</summary>
    public KafkaConnection Kafka { get; init; } = new();
}

/// <summary>One database.</summary>
public sealed record DatabaseConnection
{
    /// <summary>As Npgsql wants it.</summary>
    public string ConnectionString { get; init; } = "";

    /// <summary>As psql and most other tools want it.</summary>
    public string Url { get; init; } = "";

    /// <summary>The role's password.</summary>
    public string Password { get; init; } = "";

    /// <summary>Whether the server was running before, and isn't the system's own.</summary>
    public bool External { get; init; }
}

/// <summary>Kafka, the topic and the client settings this broker needs.</summary>
public sealed record KafkaConnection
{
    /// <summary>Brokers to start from.</summary>
    public string BootstrapServers { get; init; } = "";

    /// <summary>The topic of the results.</summary>
    public string Topic { get; init; } = "";

    /// <summary>Totals' consumer group.</summary>
    public string GroupId { get; init; } = "";

    /// <summary>The librdkafka that was built or found; empty where the package brings one.</summary>
    public string LibraryPath { get; init; } = "";

    /// <summary>Whether the brokers were running before, and aren't the system's own.</summary>
    public bool External { get; init; }

    /// <summary>librdkafka settings by their own names, for every client.</summary>
    public SortedDictionary<string, string> Settings { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Further ones for producers.</summary>
    public SortedDictionary<string, string> ProducerSettings { get; init; } = new(StringComparer.Ordinal);
}
