using System.Text;

namespace Tally.Outbox.Writing;

/// <summary>Picks the shard for a message. Reads what others write without a lock: a pick that is a moment old is as good.</summary>
internal sealed class ShardRouter<TItem, TState>(ShardWriter<TItem, TState>[] writers, OutboxOptions options)
{
    private int _first;

    /// <summary>Lets another shard be the first choice, so that in the long run all shards, and all partitions behind them, share the load.</summary>
    public void Rotate() => _first = (_first + 1) % writers.Length;

    /// <summary>The writer for a message, or null when this instance can't store it.</summary>
    public ShardWriter<TItem, TState>? Pick(string? orderingKey)
    {
        if (orderingKey is not null)
        {
            var writer = writers[Hash(orderingKey) % (uint)writers.Length];
            return writer.IsOpen ? writer : null;
        }

        return PickAny();
    }

    /// <summary>
    /// Large commits are cheap commits: as few shards as possible share the load. An idle one among the first few commits at once; when all of these are
    /// busy the shortest queue is next; and only where a whole batch waits already, further shards are drawn in.
    /// </summary>
    private ShardWriter<TItem, TState>? PickAny()
    {
        ShardWriter<TItem, TState>? shortest = null;
        var length = int.MaxValue;
        var open = 0;
        var first = Volatile.Read(ref _first);
        for (var i = 0; i < writers.Length; i++)
        {
            var writer = writers[(first + i) % writers.Length];
            if (!writer.IsOpen)
            {
                continue;
            }

            if (open++ >= options.PreferredShards && length < options.MaxBatchResults)
            {
                break;
            }

            var waiting = writer.QueueLength;
            if (waiting == 0)
            {
                return writer;
            }

            if (waiting < length)
            {
                (shortest, length) = (writer, waiting);
            }
        }

        return shortest;
    }

    /// <summary>FNV-1a over UTF-8: the same on every instance and in every version, which string.GetHashCode is not.</summary>
    private static uint Hash(string key)
    {
        var hash = 2_166_136_261u;
        foreach (var value in Encoding.UTF8.GetBytes(key))
        {
            hash = (hash ^ value) * 16_777_619;
        }

        return hash;
    }
}
