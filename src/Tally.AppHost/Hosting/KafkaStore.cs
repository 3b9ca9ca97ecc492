using Tally.AppHost.Components;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Hosting;

/// <summary>The Kafka of a system, its own or someone else's, with the topic of the results and the library that reaches it.</summary>
/// <param name="context">What components share.</param>
/// <param name="supervisor">Keeps it running.</param>
/// <param name="state">What is known of it.</param>
internal sealed class KafkaStore(ComponentContext context, Supervisor supervisor, StateFile state)
{
    private const int Partitions = 8;
    private OldKafkaComponent? _old;
    private KafkaComponent? _own;

    /// <summary>How to reach it.</summary>
    public KafkaConnection Connection { get; private set; } = new();

    /// <summary>Starts it or connects to it, and sees to the topic.</summary>
    /// <param name="settings">What the system is made of.</param>
    /// <param name="connections">What the last start left.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task StartAsync(SystemSettings settings, Connections connections, CancellationToken cancellationToken)
    {
        if (!settings.Parts.HasFlag(SystemParts.Kafka))
        {
            return;
        }

        // Building the library takes longest, and the broker doesn't need it.
        var library = "";
        await Together.RunAsync(
            [
                async token => library = (await GetLibraryAsync(connections.Kafka, token)).Path,
                async token => Connection = connections.Kafka.External
                    ? External(connections)
                    : await StartOwnAsync(settings, connections.Kafka, token),
            ],
            cancellationToken);
        Connection = Connection with { LibraryPath = library };
        await EnsureTopicAsync(Connection.Topic, Partitions, cancellationToken);
        if (_own is not null)
        {
            _own.Refill = token => EnsureTopicAsync(Connection.Topic, Partitions, token);
        }

        if (connections.Kafka.External)
        {
            var there = new ComponentState
            {
                Source = "TALLY_KAFKA",
                State = ComponentPhase.External,
                Endpoints = { ["bootstrap"] = Connection.BootstrapServers },
            };
            state.Change("kafka", there);
            context.Reporter.Ready("kafka", there);
        }
    }

    /// <summary>Makes a topic, unless it is there.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="partitions">How many partitions.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task EnsureTopicAsync(string topic, int partitions, CancellationToken cancellationToken) =>
        _old?.EnsureTopicAsync(topic, partitions, cancellationToken) ?? KafkaTopic.EnsureAsync(Connection, topic, partitions, cancellationToken);

    private async Task<LibrdkafkaTool> GetLibraryAsync(KafkaConnection kafka, CancellationToken cancellationToken)
    {
        var library = await LibrdkafkaTool.GetAsync(
            context.Cache, KafkaSecurity.NeedsOpenSsl(kafka.Settings), context.Reporter, cancellationToken);
        var loaded = new ComponentState { Version = library.Version, Source = library.Source, State = ComponentPhase.Loaded };
        state.Change("librdkafka", loaded);
        context.Reporter.Ready("librdkafka", loaded);
        return library;
    }

    private static KafkaConnection External(Connections connections) =>
        connections.Kafka with { Topic = $"tally-{connections.Id}-sums", GroupId = $"tally-{connections.Id}-totals" };

    private async Task<KafkaConnection> StartOwnAsync(SystemSettings settings, KafkaConnection before, CancellationToken cancellationToken)
    {
        var java = await JavaTool.FindAsync(cancellationToken);
        var distribution = await KafkaTool.GetAsync(
            context.Cache,
            Choice(settings.Kafka, KafkaTool.Home is not null, Directory.Exists(DataOf(old: true))),
            context.Reporter,
            cancellationToken);
        RefuseAnotherKind(distribution);
        var command = new JavaCommand(java, distribution);
        Component broker;
        if (distribution.NeedsZooKeeper)
        {
            var zooKeeper = new ZooKeeperComponent(context, command);
            await supervisor.StartAsync(zooKeeper, cancellationToken);
            broker = _old = new OldKafkaComponent(context, command, zooKeeper, settings.Ports.Kafka);
        }
        else
        {
            broker = _own = await KafkaComponent.PrepareAsync(context, command, settings.Ports.Kafka, settings.KafkaDetours, cancellationToken);
        }

        await supervisor.StartAsync(broker, cancellationToken);
        return before with
        {
            BootstrapServers = broker.Description.Endpoints["bootstrap"],
            Topic = "sums",
            GroupId = "totals",
            Settings = Copy(_old is null ? null : OldKafkaComponent.ClientSettings),
            ProducerSettings = Copy(_old is null ? null : OldKafkaComponent.ProducerSettings),
        };
    }

    /// <summary>What was made with the old Kafka goes on with it, though by now the download might work; unless somebody says what to take.</summary>
    /// <param name="wanted">Which one is wanted.</param>
    /// <param name="hasHome">Whether <c>KAFKA_HOME</c> says what to take.</param>
    /// <param name="hasOldData">Whether the data folder was used with the old Kafka.</param>
    internal static KafkaChoice Choice(KafkaChoice wanted, bool hasHome, bool hasOldData) =>
        wanted == KafkaChoice.Auto && !hasHome && hasOldData ? KafkaChoice.Npm : wanted;

    private string DataOf(bool old) => Path.Combine(context.Folder.In("kafka"), old ? "old" : "data");

    // Messages that Totals hasn't read yet lie in the one that ran here before.
    private void RefuseAnotherKind(KafkaDistribution distribution)
    {
        if (Directory.Exists(DataOf(old: !distribution.NeedsZooKeeper)))
        {
            var madeWith = distribution.NeedsZooKeeper
                ? "a current Kafka: set KAFKA_HOME as it was then"
                : "the old Kafka from npm: set TALLY_KAFKA_FROM=npm";
            throw new SystemProblemException(
                "kafka", $"'{context.Folder.Path}' was made with {madeWith}, or throw its data away with ./tally reset.");
        }
    }

    private static SortedDictionary<string, string> Copy(IReadOnlyDictionary<string, string>? settings) =>
        new(settings?.ToDictionary(StringComparer.Ordinal) ?? [], StringComparer.Ordinal);
}
