namespace Tally.Outbox.Relaying;

/// <summary>
/// Notices that Kafka acknowledges nothing of a shard any more, though results are under way. With no limit to how long a delivery may take, librdkafka never reports that
/// by itself: one that heard that a partition has no leader, as after a broker that stood still for a minute, may not hear of the next one, and keeps what it has for ever.
/// Only decides; not thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class StallWatch(TimeProvider time)
{
    /// <summary>How long one producer may go without an acknowledgement. As long as librdkafka itself waits for an answer by default.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private object? _stream;
    private long _acknowledged;
    private long _since;

    /// <summary>Looks at a shard, about once a second.</summary>
    /// <param name="stream">What publishes it; null when nothing does.</param>
    /// <param name="acknowledged">How far Kafka has it.</param>
    /// <param name="published">How far it was handed to the producer.</param>
    /// <returns>Whether it has stood still for too long.</returns>
    public bool IsStalled(object? stream, long acknowledged, long published)
    {
        if (stream is null || stream != _stream || acknowledged != _acknowledged || acknowledged >= published)
        {
            (_stream, _acknowledged, _since) = (stream, acknowledged, time.GetTimestamp());
            return false;
        }

        return time.GetElapsedTime(_since) >= Patience;
    }
}
