namespace Tally.Inbox.Storage;

/// <summary>Where Kafka was read up to when a shard's last fold was stored.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Partition">The partition.</param>
/// <param name="NextOffset">The first offset that isn't processed.</param>
/// <param name="TopicId">Which topic of that name; null where Kafka didn't tell.</param>
/// <param name="CommonEpoch">
/// Set while nothing was folded since a fork was adopted: the epoch in which the outbox holds the event at the shard's sequence. The position itself
/// names the epoch that begins behind it.
/// </param>
internal readonly record struct StoredPlace(string Topic, int Partition, long NextOffset, Guid? TopicId = null, long? CommonEpoch = null);

/// <summary>What the database holds: the last fold of each shard, and the system whose events these are.</summary>
internal sealed record StoredPositions<TState>(Guid? Source, IReadOnlyList<(ShardPosition<TState> Position, StoredPlace Place)> Shards)
{
    public static StoredPositions<TState> None { get; } = new(null, []);

    public IReadOnlyList<ShardPosition<TState>> Positions => [.. Shards.Select(static shard => shard.Position)];

    /// <summary>
    /// Where to go on in a partition: behind what every shard seen there has processed. Too early is harmless, since replays are skipped. Null
    /// when nothing of the partition was folded.
    /// </summary>
    /// <param name="topic">The topic's name.</param>
    /// <param name="topicId">Its id, or null when it isn't known: then the name has to do.</param>
    /// <param name="partition">The partition.</param>
    public long? NextOffset(string topic, Guid? topicId, int partition)
    {
        long? lowest = null;
        foreach (var (_, place) in Shards)
        {
            // A place in a topic that was removed says nothing about the one that has its name now.
            var isThere = place.Partition == partition && place.Topic == topic && (place.TopicId is null || topicId is null || place.TopicId == topicId);
            if (isThere && (lowest is null || place.NextOffset < lowest))
            {
                lowest = place.NextOffset;
            }
        }

        return lowest;
    }
}
