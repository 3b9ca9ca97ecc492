using Tally.AppHost.Hosting;
using Tally.Kafka;

namespace Tally.TestSupport;

/// <summary>A PostgreSQL that one test has to itself, to stop, kill and start again.</summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    private readonly LocalSystem _system;

    private PrivatePostgres(LocalSystem system) => _system = system;

    /// <summary>The superuser's connection string.</summary>
    public string ConnectionString => _system.Connections.Postgres.ConnectionString;

    /// <summary>Starts one.</summary>
    public static async Task<PrivatePostgres> StartAsync() =>
        new(await LocalSystem.StartAsync(TestFolders.Settings(SystemParts.Postgres), new TestReporter(), CancellationToken.None));

    /// <summary>A database of one's own in it.</summary>
    public Task<TestDatabase> CreateDatabaseAsync() => TestDatabase.CreateAsync(ConnectionString);

    /// <summary>Kills it.</summary>
    public Task KillAsync() => _system.StopComponentAsync("postgres", kill: true);

    /// <summary>Stops it cleanly.</summary>
    public Task StopAsync() => _system.StopComponentAsync("postgres");

    /// <summary>Starts it again, at the same port.</summary>
    public Task StartAgainAsync() => _system.StartComponentAsync("postgres", CancellationToken.None);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _system.DisposeAsync();
}

/// <summary>A Kafka that one test has to itself, to stop, kill and start again.</summary>
public sealed class PrivateKafka : IAsyncDisposable
{
    private readonly LocalSystem _system;

    private PrivateKafka(LocalSystem system)
    {
        _system = system;
        var connection = system.Connections.Kafka;
        Kafka = new KafkaOptions { BootstrapServers = connection.BootstrapServers, LibraryPath = connection.LibraryPath };
        foreach (var (name, value) in connection.Settings.Concat(connection.ProducerSettings))
        {
            Kafka.Settings[name] = value;
        }
    }

    /// <summary>How to reach it.</summary>
    public KafkaOptions Kafka { get; }

    /// <summary>Starts one.</summary>
    public static async Task<PrivateKafka> StartAsync() =>
        new(await LocalSystem.StartAsync(TestFolders.Settings(SystemParts.Kafka), new TestReporter(), CancellationToken.None));

    /// <summary>Makes a topic in it.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="partitions">How many partitions.</param>
    public Task CreateTopicAsync(string topic, int partitions) => _system.CreateTopicAsync(topic, partitions, CancellationToken.None);

    /// <summary>Kills it.</summary>
    public Task KillAsync() => _system.StopComponentAsync("kafka", kill: true);

    /// <summary>Stops it cleanly.</summary>
    public Task StopAsync() => _system.StopComponentAsync("kafka");

    /// <summary>Starts it again, at the same port.</summary>
    public Task StartAgainAsync() => _system.StartComponentAsync("kafka", CancellationToken.None);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _system.DisposeAsync();
}
