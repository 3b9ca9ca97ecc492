using Confluent.Kafka;
using Microsoft.Extensions.Options;
using Tally.Inbox.Diagnostics;
using Tally.Kafka;

namespace Tally.Inbox.Consuming;

/// <summary>The inbox's options in librdkafka's own terms.</summary>
internal static class ConsumerSettings
{
    // Kafka's own default limit, which librdkafka wants a fetch to hold; larger ones still come, alone.
    private const int LargestMessage = 1_048_588;
    private const int PartitionFetchBytes = 256 * 1024;

    // What reading everything, once and in order rests on: setting, what it must be. Partitions are taken away and given as a whole.
    private static readonly Dictionary<string, string[]> Guarded = new(StringComparer.Ordinal)
    {
        ["auto.offset.reset"] = ["earliest", "smallest", "beginning"],
        ["enable.auto.offset.store"] = ["false"],
        ["enable.partition.eof"] = ["false"],
        ["partition.assignment.strategy"] = ["range", "roundrobin", "range,roundrobin"],
        ["group.protocol"] = ["classic"],
    };

    /// <summary>Loads librdkafka and lets it look at the settings.</summary>
    /// <exception cref="OptionsValidationException">It doesn't know one, or doesn't take its value, or results could be left out with it.</exception>
    /// <exception cref="DllNotFoundException">It can't be loaded.</exception>
    public static void Check(InboxOptions options)
    {
        foreach (var (name, value) in options.Kafka.Settings)
        {
            if (Guarded.TryGetValue(name, out var allowed) && !allowed.Contains(value, StringComparer.OrdinalIgnoreCase))
            {
                throw Refused($"{InboxOptions.Section}:Kafka:Settings:{name} is '{value}'; allowed: {allowed[0]}, since events could be left out.");
            }
        }

        Librdkafka.Load(options.Kafka);
        try
        {
            // What it has to say of brokers, the one that stays says too.
            new ConsumerBuilder<byte[], byte[]>(Build(options)).SetLogHandler(static (_, _) => { }).Build().Dispose();
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException)
        {
            throw Refused($"{InboxOptions.Section}:Kafka:Settings is refused by librdkafka: {fault.Message}");
        }
        catch (DllNotFoundException fault)
        {
            throw new DllNotFoundException(
                $"librdkafka can't be loaded; {InboxOptions.Section}:Kafka:LibraryPath is '{options.Kafka.LibraryPath}'. Set it to a librdkafka.so of version 2.15 or later.", fault);
        }
    }

    public static ConsumerConfig Build(InboxOptions options)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = options.Kafka.BootstrapServers,
            GroupId = options.GroupId,
            ClientId = "tally-inbox",
            SessionTimeoutMs = (int)options.SessionTimeout.TotalMilliseconds,
            HeartbeatIntervalMs = (int)options.SessionTimeout.TotalMilliseconds / 3,

            // Where to go on is kept with the folds. The group's own offsets are for lag tools: see GroupOffsets.
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
            EnableAutoOffsetStore = false,
            EnablePartitionEof = false,

            FetchWaitMaxMs = (int)options.FetchWait.TotalMilliseconds,
            FetchMinBytes = options.FetchMinBytes,

            // While this many wait here, fetching rests a little: so under load fetches are few and large, though the broker answers each at once.
            QueuedMinMessages = 100,
            QueuedMaxMessagesKbytes = options.FetchAheadKilobytes,
            // One answer is taken apart at once, into several times its size; the default of 50 MB would make the limit above meaningless.
            FetchMaxBytes = Math.Max(options.FetchAheadKilobytes * 1024 / 2, LargestMessage),
            MaxPartitionFetchBytes = PartitionFetchBytes,
            // How long fetching rests when enough is queued: the default of a second would starve a fold that catches up.
            FetchQueueBackoffMs = 5,
            SocketNagleDisable = true,

            // A connection whose other end is silently gone is given up after that time, and what was sent on it is asked anew on another. The default of a
            // minute is long to stand still. Much less would give up what a slow network only takes long for: an answer may hold a megabyte.
            SocketTimeoutMs = 30_000,

            // A topic that is made later, and brokers that come back, are found soon.
            TopicMetadataRefreshIntervalMs = 10_000,
            ReconnectBackoffMaxMs = 1_000,

            // The value holds all that is needed; filling in the rest costs time for each message. Traces alone are in headers.
            ConsumeResultFields = InboxTracing.IsOn ? "headers" : "none",
        };
        foreach (var (name, value) in options.Kafka.Settings)
        {
            config.Set(name, value);
        }

        return config;
    }

    private static OptionsValidationException Refused(string message) => new(Options.DefaultName, typeof(InboxOptions), [message]);
}
