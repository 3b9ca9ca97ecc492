namespace Tally.Inbox.Auditing;

/// <summary>
/// When a shard's next event counts as lost. Knows no clock and asks nobody: it's told what was read, own position first, then the outbox's, so that a
/// position that is behind is really behind.
/// </summary>
internal sealed class ShardAudit
{
    private (int Generation, long Sequence) _held = (-1, -1);

    // Since when it has been seen, in every look, that something relayed isn't held. Time in which nobody could look proves nothing.
    private TimeSpan? _since;

    /// <summary>Whether the next event may be lost: the outbox says that Kafka had it, and nothing has moved for the grace time.</summary>
    /// <param name="now">Time that only goes forward.</param>
    /// <param name="grace">How long standing still is normal.</param>
    /// <param name="generation">The held generation.</param>
    /// <param name="sequence">The held sequence.</param>
    /// <param name="source">The outbox's shard.</param>
    public bool MayBeLost(TimeSpan now, TimeSpan grace, int generation, long sequence, SourceShard source)
    {
        // While the shard moves or is being sent again, what is missing is on its way. Nothing is asked for twice: the grace time begins anew.
        if (_held != (generation, sequence) || source.RewindingFrom != 0 || source.Relayed <= sequence)
        {
            _held = (generation, sequence);
            _since = null;
        }

        if (source.RewindingFrom != 0 || source.Relayed <= sequence)
        {
            return false;
        }

        _since ??= now;
        return now - _since >= grace;
    }

    /// <summary>A rewind was asked for.</summary>
    public void Asked(TimeSpan now) => _since = now;
}
