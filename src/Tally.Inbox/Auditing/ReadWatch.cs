namespace Tally.Inbox.Auditing;

/// <summary>A partition of which nothing is read, though Kafka has more.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="NextOffset">What would be taken next; null for the beginning.</param>
internal sealed record StalledRead(int Partition, long? NextOffset);

/// <summary>
/// Finds consumers that read nothing, though they could. What they wait for, they don't say: an epoch that a wiped broker doesn't have any more, say. Knows
/// no clock.
/// </summary>
/// <param name="patience">How long a slow network may take.</param>
internal sealed class ReadWatch(TimeSpan patience)
{
    private readonly Dictionary<int, (long? NextOffset, TimeSpan Since)> _standing = [];

    /// <summary>Kafka has more of a partition than was read.</summary>
    /// <returns>Set when nothing of it was read for too long; then it begins anew.</returns>
    public StalledRead? Waits(int partition, long? nextOffset, TimeSpan now)
    {
        if (!_standing.TryGetValue(partition, out var stands) || stands.NextOffset != nextOffset)
        {
            _standing[partition] = (nextOffset, now);
            return null;
        }

        if (now - stands.Since < patience)
        {
            return null;
        }

        _standing.Remove(partition);
        return new StalledRead(partition, nextOffset);
    }

    /// <summary>A partition isn't read here, or all of it was, or nobody could look.</summary>
    public void Forget(int partition) => _standing.Remove(partition);

    /// <summary>The same of all.</summary>
    public void Clear() => _standing.Clear();
}
