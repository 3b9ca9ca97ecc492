using Tally.Inbox.Chain;

namespace Tally.Inbox.Folding;

/// <summary>Everything that one commit stores. Collected by the folder, then read-only.</summary>
internal sealed class Fold<TState, TEvent>
{
    /// <summary>The shards that moved, in ascending order, so that two instances that fight over them can't deadlock.</summary>
    public List<FoldRow<TState>> Rows { get; } = [];

    public List<PoisonRow> Poison { get; } = [];

    /// <summary>Set when this fold holds the first event ever: the system that all further events must be of.</summary>
    public Guid? NewSource { get; init; }

    public FoldCompanion<TEvent>? Companion { get; init; }

    public int Events { get; init; }

    public CommitTimes CommitTimes { get; init; } = new();

    /// <summary>The events of it that are traced; null when none is.</summary>
    public IReadOnlyList<TracedEvent>? Traced { get; init; }

    /// <summary>Up to where each partition is processed, once this fold is committed.</summary>
    public Dictionary<int, long> NextOffsets { get; init; } = [];
}
