namespace Tally.AppHost.Hosting;

/// <summary>What a local system is made of. The defaults give the whole of it, from nothing.</summary>
public sealed record SystemSettings
{
    /// <summary>Where the system keeps its state and its logs. Made when it is missing.</summary>
    public required string DataFolder { get; init; }

    /// <summary>The ports that are asked for; a taken one is replaced by a free one, and said.</summary>
    public WantedPorts Ports { get; init; } = WantedPorts.Usual;

    /// <summary>
    /// An Npgsql connection string of a PostgreSQL that runs already, with the right to create databases. Default: none, so one is started.
    /// </summary>
    public string? Postgres { get; init; }

    /// <summary>Bootstrap servers of a Kafka that runs already. Default: none, so one is started.</summary>
    public string? KafkaServers { get; init; }

    /// <summary>Further librdkafka settings by their own names (TLS, SASL), for the services and for the topic.</summary>
    public IReadOnlyDictionary<string, string> KafkaSettings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Where the Kafka that is started comes from.</summary>
    public KafkaChoice Kafka { get; init; }

    /// <summary>Whether Grafana is started, and from where.</summary>
    public GrafanaChoice Grafana { get; init; }

    /// <summary>Further listeners of the Kafka 4 that is started, for tests that put a proxy before it.</summary>
    internal IReadOnlyList<KafkaDetour> KafkaDetours { get; init; } = [];

    /// <summary>How many Calculators run: 1 (the default) to 8. They share the shards.</summary>
    public int Calculators { get; init; } = 1;

    /// <summary>How many Totals run: 1 (the default) to 8. They share a consumer group and a database.</summary>
    public int Totals { get; init; } = 1;

    /// <summary>
    /// Further settings of the services, for example <c>Totals:History</c> = <c>table</c>. What begins with <c>Outbox</c> or <c>Calculator</c>
    /// goes to the Calculator, what begins with <c>Inbox</c> or <c>Totals</c> to Totals, anything else to both.
    /// </summary>
    public IReadOnlyDictionary<string, string> ServiceSettings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Which parts are started; tests of one part leave others out. What a part needs must be among them.</summary>
    public SystemParts Parts { get; init; } = SystemParts.All;

    /// <summary>True throws the data folder away when the system has stopped, or its supervisor was killed.</summary>
    public bool Temporary { get; init; }

    /// <summary>
    /// Settings for a data folder, from the environment: <c>TALLY_POSTGRES</c> (connection string), <c>TALLY_KAFKA</c> (bootstrap servers),
    /// <c>TALLY_KAFKA_SETTINGS</c> (<c>name=value</c>, separated by semicolons) and <c>TALLY_KAFKA_FROM</c> (auto, home, download, npm).
    /// </summary>
    /// <param name="dataFolder">Where the system keeps its state.</param>
    /// <exception cref="SystemProblemException">A variable holds something else; <see cref="SystemProblemException.ExitCode"/> is 2.</exception>
    public static SystemSettings FromEnvironment(string dataFolder) => EnvironmentSettings.Read(dataFolder, Environment.GetEnvironmentVariable);
}
