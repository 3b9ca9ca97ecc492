namespace Tally.Inbox.Auditing;

/// <summary>What an audit found out about a shard.</summary>
internal enum AuditFindingKind
{
    /// <summary>The doubtful event is not of another history: what is held is what the outbox holds.</summary>
    Refuted,

    /// <summary>The doubtful event is the outbox's own next one.</summary>
    Confirmed,

    /// <summary>What is held isn't what the outbox holds.</summary>
    Fork,

    /// <summary>The outbox itself has no next event that could be folded.</summary>
    Damaged,

    /// <summary>Kafka has lost the next event.</summary>
    Missing,

    /// <summary>An event that was set aside is behind the outbox's end, so it can't be one of its events.</summary>
    Unheard,

    /// <summary>A shard that was stopped can go on.</summary>
    Mended,

    /// <summary>The database is further: another instance went on with the shard, or a fork was adopted.</summary>
    Moved,
}

/// <summary>
/// What an audit found out about a shard at one position. By the time it arrives the shard may have moved; then it's void, and the next audit looks again.
/// </summary>
/// <param name="Shard">The shard.</param>
/// <param name="Generation">Its generation.</param>
/// <param name="Epoch">The epoch of its position.</param>
/// <param name="Sequence">The sequence of its position.</param>
/// <param name="Kind">What was found.</param>
/// <param name="Reason">What was seen, in a sentence.</param>
internal sealed record AuditFinding(int Shard, int Generation, long Epoch, long Sequence, AuditFindingKind Kind, string Reason)
{
    /// <summary>Where the message was read that this is about. Only of <see cref="AuditFindingKind.Refuted"/>, <see cref="AuditFindingKind.Confirmed"/> and <see cref="AuditFindingKind.Unheard"/>.</summary>
    public (int Partition, long Offset)? Message { get; init; }
}
