using System.ComponentModel.DataAnnotations;

namespace Tally.Kafka;

/// <summary>How to reach Kafka. The same for producers and consumers.</summary>
public sealed class KafkaOptions
{
    /// <summary>Brokers to start from, as <c>host:port</c>, separated by commas. Default: <c>127.0.0.1:9092</c>.</summary>
    [Required]
    [StringLength(4096, MinimumLength = 3)]
    public string BootstrapServers { get; set; } = "127.0.0.1:9092";

    /// <summary>
    /// Any further librdkafka settings by their own names, for example <c>security.protocol</c> or <c>sasl.username</c>. They win over what
    /// Tally sets itself; but one that a guarantee rests on (<c>acks</c>, <c>enable.idempotence</c>, <c>auto.offset.reset</c>, …) stops the start when it is changed.
    /// Default: none. See librdkafka's CONFIGURATION.md for names and limits.
    /// </summary>
    public IDictionary<string, string> Settings { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// Path of the librdkafka shared library to load. Default: empty, which means the one that <c>librdkafka.redist</c> brings, or else the
    /// system's own. Must be 2.15 or later.
    /// </summary>
    [StringLength(4096)]
    public string LibraryPath { get; set; } = "";
}
