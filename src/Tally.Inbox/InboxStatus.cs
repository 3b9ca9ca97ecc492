namespace Tally.Inbox;

/// <summary>How an instance of an inbox is.</summary>
/// <param name="NotReadyReason">Null when it consumes and folds; otherwise why it doesn't, in a sentence without secrets.</param>
/// <param name="DuplicatesSuppressed">Replayed events that were skipped since the start of this process.</param>
/// <param name="SetAside">Events that came too early and wait in memory for those before them.</param>
/// <param name="Partitions">The partitions that this instance holds, in ascending order.</param>
/// <param name="Troubles">The shards that don't go on, in ascending order. The others do.</param>
public sealed record InboxStatus(
    string? NotReadyReason, long DuplicatesSuppressed, int SetAside, IReadOnlyList<int> Partitions, IReadOnlyList<ShardTrouble> Troubles)
{
    /// <summary>
    /// PostgreSQL's settings that may lose totals when it crashes, as they were found at the start, each with its value. Mostly none:
    /// <see cref="InboxOptions.Unsafe"/> allows them.
    /// </summary>
    public IReadOnlyList<string> Unsafe { get; init; } = [];

    /// <summary>Whether it consumes and folds. A shard that is in trouble doesn't change that: the other shards go on.</summary>
    public bool IsReady => NotReadyReason is null;
}
