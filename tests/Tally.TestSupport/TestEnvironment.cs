using Tally.Kafka;
using Xunit;

namespace Tally.TestSupport;

/// <summary>
/// A real PostgreSQL and a real Kafka for tests, each test with a database and a topic of its own. Taken from <c>./tally test</c> where that started them,
/// or else started by the same code, once for all collections of a test process that share their time.
/// </summary>
public sealed class TestEnvironment : IAsyncLifetime
{
    private TestServers? _servers;

    /// <summary>How to reach Kafka, with the settings that its version needs.</summary>
    public KafkaOptions Kafka => Servers.Kafka;

    /// <summary>Kafka's version.</summary>
    public string KafkaVersion => Servers.KafkaVersion;

    /// <summary>The superuser's connection string.</summary>
    public string AdminConnectionString => Servers.Postgres;

    private TestServers Servers => _servers ?? throw new InvalidOperationException("The environment isn't started: it is a fixture.");

    /// <summary>A database of one's own, dropped when it is disposed.</summary>
    public Task<TestDatabase> CreateDatabaseAsync() => TestDatabase.CreateAsync(AdminConnectionString);

    /// <summary>Makes a topic.</summary>
    /// <param name="partitions">How many partitions.</param>
    /// <param name="name">Its name; one of its own when null.</param>
    /// <returns>The topic's name.</returns>
    public async Task<string> CreateTopicAsync(int partitions = 1, string? name = null)
    {
        var topic = name ?? $"test-{Guid.NewGuid():N}";
        await Servers.CreateTopicAsync(topic, partitions).Within(TimeSpan.FromSeconds(60));
        return topic;
    }

    /// <inheritdoc/>
    public async Task InitializeAsync() => _servers = await TestServers.AcquireAsync();

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_servers is not null)
        {
            await TestServers.ReleaseAsync();
        }
    }
}
