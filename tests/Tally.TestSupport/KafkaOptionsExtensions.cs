using Tally.Kafka;

namespace Tally.TestSupport;

/// <summary>Hands Kafka's whereabouts on.</summary>
public static class KafkaOptionsExtensions
{
    /// <summary>Copies how to reach Kafka into other options.</summary>
    /// <param name="from">Where to copy from.</param>
    /// <param name="to">Where to copy to.</param>
    public static void CopyTo(this KafkaOptions from, KafkaOptions to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        to.BootstrapServers = from.BootstrapServers;
        to.LibraryPath = from.LibraryPath;
        foreach (var (name, value) in from.Settings)
        {
            to.Settings[name] = value;
        }
    }
}
