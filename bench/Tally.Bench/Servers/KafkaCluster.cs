using System.Diagnostics;
using System.Globalization;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;

namespace Tally.Bench.Servers;

/// <summary>
/// Brokers of a Kafka 4 that are controllers, too, on free ports, with their data in a temporary folder, until it is disposed. Each topic has a copy on each of them
/// (three at most), and takes nothing while more than one of them is missing.
/// </summary>
internal sealed class KafkaCluster : IAsyncDisposable
{
    private const string Started = "Kafka Server started";
    private const string ClientsJar = "kafka-clients-";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly string _folder = Directory.CreateTempSubdirectory("tally-bench-kafka-").FullName;
    private readonly string _java;
    private readonly string _libraries;
    private readonly (int Port, int ControllerPort)[] _ports;
    private readonly List<ChildProcess> _brokers = [];

    private KafkaCluster(string java, string libraries, string version, int brokers)
    {
        _java = java;
        _libraries = libraries;
        _ports = [.. Enumerable.Range(0, brokers).Select(_ => (Ports.Free(), Ports.Free()))];
        Version = version;
    }

    /// <summary>Of which Kafka the brokers are.</summary>
    public string Version { get; }

    /// <summary>Where clients begin.</summary>
    public string Servers => string.Join(',', _ports.Select(ports => $"127.0.0.1:{ports.Port}"));

    /// <summary>The brokers' processes.</summary>
    public IEnumerable<int> Pids => _brokers.Select(broker => broker.Pid);

    /// <summary>Starts so many, and returns when all of them answer.</summary>
    public static async Task<KafkaCluster> StartAsync(int brokers)
    {
        var libraries = Path.Combine(Environment.GetEnvironmentVariable("KAFKA_HOME") ?? "", "libs");
        if (VersionIn(libraries) is not { Major: >= 4 } version)
        {
            throw new SystemProblemException(
                "kafka", "This bench starts brokers of its own, of Kafka 4: set KAFKA_HOME to a distribution of Apache Kafka 4 (the folder that has libs/).");
        }

        var home = Environment.GetEnvironmentVariable("JAVA_HOME");
        var java = (home is { Length: > 0 } ? Path.Combine(home, "bin", "java") : Programs.Find("java"))
            ?? throw new SystemProblemException("kafka", "Kafka needs Java, but there is none in JAVA_HOME or on the PATH.");
        var cluster = new KafkaCluster(java, libraries, version.ToString(), brokers);
        try
        {
            await cluster.StartAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Nobody needs what they hold.
        foreach (var broker in _brokers)
        {
            broker.Kill();
            await broker.Exited;
        }

        Directory.Delete(_folder, recursive: true);
    }

    private static Version? VersionIn(string libraries) => !Directory.Exists(libraries)
        ? null
        : Directory.EnumerateFiles(libraries, $"{ClientsJar}*.jar")
            .Select(jar => System.Version.TryParse(Path.GetFileNameWithoutExtension(jar)[ClientsJar.Length..], out var version) ? version : null)
            .FirstOrDefault(version => version is not null);

    private async Task StartAsync()
    {
        await File.WriteAllTextAsync(LoggingFile, Logging);
        var cluster = Convert.ToBase64String(Guid.NewGuid().ToByteArray())[..22].Replace('+', 'A').Replace('/', 'A');
        var nodes = Enumerable.Range(1, _ports.Length).ToArray();
        await Task.WhenAll(nodes.Select(async node =>
        {
            Directory.CreateDirectory(FolderOf(node));
            await File.WriteAllTextAsync(PropertiesOf(node), Properties(node));
            await FormatAsync(node, cluster);
        }));

        // A controller answers once most of them are there, so all of them start before any is waited for.
        _brokers.AddRange(nodes.Select(node => ProcessLauncher.Start(
            new LaunchPlan(_java, ["-Xmx512m", .. Class("kafka.Kafka"), PropertiesOf(node)], LogOf(node)))));
        foreach (var node in nodes)
        {
            await ReadyAsync(node);
        }
    }

    private async Task FormatAsync(int node, string cluster)
    {
        string[] arguments = ["-Xmx256m", .. Class("kafka.tools.StorageTool"), "format", "-t", cluster, "-c", PropertiesOf(node)];
        using var process = Process.Start(new ProcessStartInfo(_java, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new SystemProblemException("kafka", "The storage of a broker couldn't be formatted.") { LogLines = said.Split('\n') };
        }
    }

    private async Task ReadyAsync(int node)
    {
        var began = Stopwatch.GetTimestamp();
        for (string[] log = []; !log.Any(line => line.Contains(Started, StringComparison.Ordinal)); log = await File.ReadAllLinesAsync(LogOf(node)))
        {
            if (_brokers[node - 1].Exited.IsCompleted || Stopwatch.GetElapsedTime(began) > Patience)
            {
                throw new SystemProblemException("kafka", $"Broker {node} of {_ports.Length} didn't start.") { LogLines = [.. log.TakeLast(20)] };
            }

            await Task.Delay(Poll);
        }
    }

    /// <summary>The options by which the system runs its own broker.</summary>
    private string[] Class(string name) =>
        ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", $"-Dlog4j2.configurationFile={LoggingFile}", "-cp", Path.Combine(_libraries, "*"), name];

    private string LoggingFile => Path.Combine(_folder, "log4j2.xml");

    private string FolderOf(int node) => Path.Combine(_folder, node.ToString(CultureInfo.InvariantCulture));

    private string PropertiesOf(int node) => Path.Combine(FolderOf(node), "server.properties");

    private string LogOf(int node) => Path.Combine(FolderOf(node), "kafka.log");

    private string Properties(int node)
    {
        var (port, controllerPort) = _ports[node - 1];
        var copies = Math.Min(3, _ports.Length);
        var least = Math.Max(1, copies - 1);
        return $"""
            process.roles=broker,controller
            node.id={node}
            controller.quorum.voters={string.Join(',', _ports.Select((ports, at) => $"{at + 1}@127.0.0.1:{ports.ControllerPort}"))}
            listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controllerPort}
            controller.listener.names=CONTROLLER
            listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
            log.dirs={Path.Combine(FolderOf(node), "data")}
            auto.create.topics.enable=false
            group.initial.rebalance.delay.ms=0
            default.replication.factor={copies}
            min.insync.replicas={least}
            offsets.topic.replication.factor={copies}
            offsets.topic.num.partitions=4
            transaction.state.log.replication.factor={copies}
            transaction.state.log.min.isr={least}
            transaction.state.log.num.partitions=4
            share.coordinator.state.topic.replication.factor={copies}
            share.coordinator.state.topic.min.isr={least}
            share.coordinator.state.topic.num.partitions=4
            log.cleaner.dedupe.buffer.size=8388608

            """;
    }

    private const string Logging =
        """
        <Configuration status="WARN">
          <Appenders>
            <Console name="out"><PatternLayout pattern="%d{ISO8601} %-5p %m (%c{1})%n"/></Console>
          </Appenders>
          <Loggers>
            <Root level="INFO"><AppenderRef ref="out"/></Root>
          </Loggers>
        </Configuration>

        """;
}
