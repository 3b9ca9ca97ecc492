using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Tally.Inbox.Diagnostics;

namespace Tally.Inbox.Consuming;

/// <summary>
/// Commits the group's own offsets, which only lag tools read. By hand and beside the loop, one commit at a time, none once partitions are taken away:
/// librdkafka gives partitions up only after its commits ended, and those wait for a coordinator that is away, for many seconds each.
/// </summary>
internal sealed class GroupOffsets(IConsumer<byte[], byte[]> consumer, string topic, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private readonly Dictionary<int, long> _next = [];
    private long _committedAt = time.GetTimestamp();
    private Task _running = Task.CompletedTask;

    /// <summary>Folds up to here are durable.</summary>
    public void Reached(Dictionary<int, long> nextOffsets)
    {
        foreach (var (partition, next) in nextOffsets)
        {
            _next[partition] = next;
        }
    }

    /// <summary>Partitions were taken away: their offsets are for others to commit.</summary>
    public void Forget() => _next.Clear();

    /// <summary>Begins to commit when it's time and the commit before has ended.</summary>
    public void CommitNowAndThen()
    {
        if (time.GetElapsedTime(_committedAt) >= Every)
        {
            Commit();
        }
    }

    /// <summary>Commits what is left, unless the commit before isn't even through.</summary>
    public void Finish(TimeSpan atMost)
    {
        Commit();
        WaitIdle(atMost);
    }

    /// <summary>Waits for a commit under way, but not long: the consumer can be closed beside it.</summary>
    public void WaitIdle(TimeSpan atMost) => ((IAsyncResult)_running).AsyncWaitHandle.WaitOne(atMost);

    private void Commit()
    {
        if (_next.Count == 0 || !_running.IsCompleted)
        {
            return;
        }

        var offsets = _next.Select(at => new TopicPartitionOffset(topic, at.Key, at.Value)).ToList();
        _next.Clear();
        _committedAt = time.GetTimestamp();
        _running = Task.Run(() => TryCommit(offsets));
    }

    private void TryCommit(List<TopicPartitionOffset> offsets)
    {
        try
        {
            consumer.Commit(offsets);
        }
        catch (Exception failure) when (failure is KafkaException or ObjectDisposedException)
        {
            // Nobody relies on it.
            Log.OffsetsNotCommitted(logger, failure);
        }
    }
}
