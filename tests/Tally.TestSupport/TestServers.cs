using Tally.AppHost.Hosting;
using Tally.Kafka;

namespace Tally.TestSupport;

/// <summary>The servers that all fixtures of a test process share: the first one starts them, the last one stops them.</summary>
internal sealed class TestServers
{
    private static readonly SemaphoreSlim Gate = new(1);
    private static TestServers? _shared;
    private static int _users;

    private readonly LocalSystem? _system;

    private TestServers(LocalSystem? system, Func<string, string?> variable)
    {
        _system = system;
        Postgres = variable(TestVariables.Postgres) ?? "";
        KafkaVersion = variable(TestVariables.KafkaVersion) is { Length: > 0 } version ? version : "4";
        Kafka = new KafkaOptions
        {
            BootstrapServers = variable(TestVariables.Kafka) ?? "",
            LibraryPath = variable(TestVariables.Librdkafka) ?? "",
        };
        foreach (var setting in (variable(TestVariables.KafkaSettings) ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = setting.Split('=', 2);
            Kafka.Settings[parts[0]] = parts[1];
        }
    }

    public string Postgres { get; }

    public string KafkaVersion { get; }

    public KafkaOptions Kafka { get; }

    public static async Task<TestServers> AcquireAsync()
    {
        await Gate.WaitAsync();
        try
        {
            _shared ??= await StartAsync();
            _users++;
            return _shared;
        }
        finally
        {
            Gate.Release();
        }
    }

    public static async Task ReleaseAsync()
    {
        await Gate.WaitAsync();
        try
        {
            if (--_users == 0 && _shared is { } last)
            {
                _shared = null;
                await (last._system?.StopAsync() ?? Task.CompletedTask);
            }
        }
        finally
        {
            Gate.Release();
        }
    }

    public Task CreateTopicAsync(string topic, int partitions) => TestTopics.CreateAsync(_system, Kafka, topic, partitions);

    private static async Task<TestServers> StartAsync()
    {
        if (Environment.GetEnvironmentVariable(TestVariables.Postgres) is { Length: > 0 })
        {
            return new TestServers(null, Environment.GetEnvironmentVariable);
        }

        var system = await LocalSystem.StartAsync(TestFolders.Settings(SystemParts.Postgres | SystemParts.Kafka), new TestReporter(), CancellationToken.None);
        return new TestServers(system, name => TestVariables.Of(system).GetValueOrDefault(name));
    }
}
