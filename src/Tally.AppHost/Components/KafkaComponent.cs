using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Components;

/// <summary>A Kafka 4 of the system's own: one node that is broker and controller, on loopback.</summary>
internal sealed class KafkaComponent : Component
{
    private static readonly TimeSpan RefillAgain = TimeSpan.FromSeconds(1);

    private readonly ComponentContext _context;
    private readonly JavaCommand _java;
    private readonly ClassArchive _classes;
    private readonly int _port;
    private readonly int _controllerPort;
    private readonly IReadOnlyList<KafkaDetour> _detours;
    private string _whyNotReady = "";

    private KafkaComponent(ComponentContext context, JavaCommand java, int port, IReadOnlyList<KafkaDetour> detours)
        : base("kafka")
    {
        _context = context;
        _java = java;
        _classes = new ClassArchive(context.Cache, java);
        _port = port;
        _detours = detours;
        _controllerPort = Ports.Free();
        Description = new ComponentState
        {
            Version = java.Distribution.Version,
            Source = java.Distribution.Source,
            Endpoints = { ["bootstrap"] = $"127.0.0.1:{port}" },
        };
    }

    public override string LogFile => _context.Folder.Log(Name);

    public override TimeSpan StartPatience => TimeSpan.FromSeconds(120);

    // Writing the class archive takes seconds.
    public override TimeSpan StopPatience => TimeSpan.FromSeconds(_classes.IsMade ? 40 : 15);

    public override string WhyNotReady => _whyNotReady;

    /// <summary>
    /// Sees that what was made in it is there. Asked at each start before it counts as ready, since its folder may have been emptied meanwhile; null until all
    /// of it was made for the first time.
    /// </summary>
    public Func<CancellationToken, Task>? Refill { get; set; }

    private string Folder => _context.Folder.In("kafka");

    private string Data => Path.Combine(Folder, "data");

    /// <summary>Chooses its ports, and formats the storage in the data folder if it isn't there.</summary>
    /// <param name="context">What components share.</param>
    /// <param name="java">How Kafka is run.</param>
    /// <param name="wantedPort">The port that is asked for.</param>
    /// <param name="detours">Further listeners.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<KafkaComponent> PrepareAsync(
        ComponentContext context, JavaCommand java, int wantedPort, IReadOnlyList<KafkaDetour> detours, CancellationToken cancellationToken)
    {
        var kafka = new KafkaComponent(context, java, context.Port(wantedPort, "Kafka"), detours);
        await kafka.FormatAsync(cancellationToken);
        return kafka;
    }

    public override async Task<LaunchPlan> PlanAsync(CancellationToken cancellationToken)
    {
        // A disk that was lost and replaced is empty, and Kafka doesn't start on that.
        await FormatAsync(cancellationToken);
        var properties = Path.Combine(Folder, "server.properties");
        var logging = Path.Combine(Folder, "log4j2.xml");
        await File.WriteAllTextAsync(properties, Properties(Data), cancellationToken);
        await File.WriteAllTextAsync(logging, Logging, cancellationToken);
        return _java.Plan(
            "512m", LogFile, [_classes.Option(), "-Dlog4j2.configurationFile=" + logging], "kafka.Kafka", properties);
    }

    public override async Task WaitUntilReadyAsync(ComponentStart start, CancellationToken cancellationToken)
    {
        _whyNotReady = "";
        await start.Log.WaitForAsync("Kafka Server started", cancellationToken);
        while (Refill is { } refill)
        {
            try
            {
                await refill(cancellationToken);
                return;
            }
            catch (SystemProblemException problem)
            {
                // It may be stopped in its tracks or about to die; then the wait ends with it.
                _whyNotReady = problem.Message;
                await Task.Delay(RefillAgain, cancellationToken);
            }
        }
    }

    public override void Stopped(bool clean) => _classes.Keep(clean);

    private Task FormatAsync(CancellationToken cancellationToken) =>
        KraftStorage.EnsureAsync(_context, _java, Data, Properties, cancellationToken);

    private string Properties(string logs) =>
        $"""
        process.roles=broker,controller
        node.id=1
        controller.quorum.voters=1@127.0.0.1:{_controllerPort}
        listeners=PLAINTEXT://127.0.0.1:{_port},CONTROLLER://127.0.0.1:{_controllerPort}{Detours((name, detour) => $"{name}://127.0.0.1:{detour.Port}")}
        advertised.listeners=PLAINTEXT://127.0.0.1:{_port}{Detours((name, detour) => $"{name}://127.0.0.1:{detour.ProxyPort}")}
        controller.listener.names=CONTROLLER
        listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT{Detours((name, _) => $"{name}:PLAINTEXT")}
        log.dirs={JavaProperties.OnlyFolder(logs)}
        auto.create.topics.enable=false
        group.initial.rebalance.delay.ms=0
        # One node holds one copy of everything, and few clients need few partitions of the internal topics.
        offsets.topic.replication.factor=1
        offsets.topic.num.partitions=4
        transaction.state.log.replication.factor=1
        transaction.state.log.min.isr=1
        transaction.state.log.num.partitions=4
        share.coordinator.state.topic.replication.factor=1
        share.coordinator.state.topic.min.isr=1
        share.coordinator.state.topic.num.partitions=4
        # The default would take a quarter of the heap.
        log.cleaner.dedupe.buffer.size=8388608

        """;

    private string Detours(Func<string, KafkaDetour, string> text) => string.Concat(_detours.Select((detour, at) => $",{text($"DETOUR{at}", detour)}"));

    private const string Logging =
        """
        <Configuration status="WARN">
          <Appenders>
            <Console name="out"><PatternLayout pattern="%d{ISO8601} %-5p %m (%c{1})%n"/></Console>
          </Appenders>
          <Loggers>
            <Root level="INFO"><AppenderRef ref="out"/></Root>
            <!-- Hundreds of lines that repeat the settings. -->
            <Logger name="org.apache.kafka.common.config.AbstractConfig" level="WARN"/>
          </Loggers>
        </Configuration>

        """;
}
