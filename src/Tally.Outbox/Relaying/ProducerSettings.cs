using Confluent.Kafka;
using Microsoft.Extensions.Options;
using Tally.Kafka;

namespace Tally.Outbox.Relaying;

/// <summary>The outbox's options in librdkafka's own terms.</summary>
internal static class ProducerSettings
{
    private const string OldBroker = "broker.version.fallback";

    // What is around a payload: its key, and the frames of message, batch and request.
    private const int Around = 4_096;

    // librdkafka's default.
    private const int UsualBatchSize = 1_000_000;

    // What the order and the durability of what is published rest on: setting, what it must be.
    private static readonly Dictionary<string, string[]> Guarded = new(StringComparer.Ordinal)
    {
        ["acks"] = ["all", "-1"],
        ["request.required.acks"] = ["all", "-1"],
        ["enable.idempotence"] = ["true"],
        ["message.timeout.ms"] = ["0"],
        ["delivery.timeout.ms"] = ["0"],
        ["delivery.report.only.error"] = ["false"],
    };

    /// <summary>Loads librdkafka and lets it look at the settings.</summary>
    /// <exception cref="OptionsValidationException">It doesn't know one, or doesn't take its value, or a guarantee would be lost with it.</exception>
    /// <exception cref="DllNotFoundException">It can't be loaded.</exception>
    public static void Check(OutboxOptions options)
    {
        foreach (var (name, value) in options.Kafka.Settings)
        {
            // A broker before 0.11 knows no idempotence; one request under way (see Build) keeps the order there, too.
            if (Guarded.TryGetValue(name, out var allowed) && !allowed.Contains(value, StringComparer.OrdinalIgnoreCase)
                && !(name == "enable.idempotence" && options.Kafka.Settings.ContainsKey(OldBroker)))
            {
                throw Refused($"{OutboxOptions.Section}:Kafka:Settings:{name} is '{value}'; allowed: {allowed[0]}, since results could be lost or change their order.");
            }
        }

        try
        {
            Librdkafka.Load(options.Kafka);
            // What it has to say of brokers, the one that stays says too.
            new ProducerBuilder<byte[], byte[]>(Build(options)).SetLogHandler(static (_, _) => { }).Build().Dispose();
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException)
        {
            throw Refused($"{OutboxOptions.Section}:Kafka:Settings is refused by librdkafka: {fault.Message}");
        }
        catch (Exception fault) when (fault is DllNotFoundException or FileNotFoundException)
        {
            throw Refused(
                $"{OutboxOptions.Section}:Kafka:LibraryPath is '{options.Kafka.LibraryPath}', and librdkafka can't be loaded from there; allowed: a librdkafka of version 2.15 or later.");
        }
    }

    /// <summary>How large what is sent may become: the setting that says so, its value, and how many bytes that may come to.</summary>
    public static (string Setting, long Value, long Bytes)[] LimitsOf(OutboxOptions options)
    {
        var batch = Build(options).BatchSize ?? UsualBatchSize;
        return
        [
            ($"{OutboxOptions.Section}:MaxPayloadBytes", options.MaxPayloadBytes, (long)options.MaxPayloadBytes + Around),
            ($"{OutboxOptions.Section}:Kafka:Settings:batch.size", batch, batch),
        ];
    }

    public static ProducerConfig Build(OutboxOptions options)
    {
        var config = new ProducerConfig
        {
            BootstrapServers = options.Kafka.BootstrapServers,
            ClientId = "tally-outbox",
            EnableIdempotence = true,
            Acks = Acks.All,

            // Without end: with a timeout librdkafka drops some messages and delivers later ones.
            MessageTimeoutMs = 0,
            LingerMs = 1,
            MessageMaxBytes = Math.Max(1_000_000, options.MaxPayloadBytes + Around),
            QueueBufferingMaxMessages = 1_000_000,
            QueueBufferingMaxKbytes = 65_536,
            AllowAutoCreateTopics = false,
            SocketNagleDisable = true,

            // A connection whose other end is silently gone is given up after that time, and what was sent on it is sent anew on another. The default of a
            // minute is long to stand still. Much less would give up what a slow network only takes long for: a request may hold a megabyte.
            SocketTimeoutMs = 30_000,

            // A report's place in the order is all that counts.
            DeliveryReportFields = "none",
        };
        foreach (var (name, value) in options.Kafka.Settings)
        {
            config.Set(name, value);
        }

        if (config.EnableIdempotence == false)
        {
            config.MaxInFlight = 1;
        }

        return config;
    }

    private static OptionsValidationException Refused(string message) => new(Options.DefaultName, typeof(OutboxOptions), [message]);
}
