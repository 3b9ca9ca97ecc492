namespace Tally.Inbox;

/// <summary>How far a shard is folded, durably.</summary>
/// <typeparam name="TState">What the user of the inbox keeps of a shard.</typeparam>
/// <param name="Shard">The shard.</param>
/// <param name="Generation">Rises only when a fork is adopted; 0 until then.</param>
/// <param name="Epoch">The epoch of the last folded event.</param>
/// <param name="Sequence">The sequence of the last folded event.</param>
/// <param name="Count">How many events the state holds.</param>
/// <param name="State">The state after the last folded event.</param>
public sealed record ShardPosition<TState>(int Shard, int Generation, long Epoch, long Sequence, long Count, TState State)
{
    /// <summary>
    /// What the shard folded of histories that were given up when a fork was adopted, oldest first; it counts beside <see cref="State"/>. Empty while
    /// there was no fork.
    /// </summary>
    public IReadOnlyList<AdoptedBranch<TState>> Adopted { get; init; } = [];
}

/// <summary>The end of a history that was given up when a fork was adopted: events that had been folded, and that the outbox doesn't hold any more.</summary>
/// <typeparam name="TState">What the user of the inbox keeps of a shard.</typeparam>
/// <param name="Generation">The generation that began with the adoption.</param>
/// <param name="Epoch">The epoch of its last event.</param>
/// <param name="FromSequence">The sequence of its first event.</param>
/// <param name="ToSequence">The sequence of its last event.</param>
/// <param name="Count">How many events it holds.</param>
/// <param name="State">What they add to a state.</param>
public sealed record AdoptedBranch<TState>(int Generation, long Epoch, long FromSequence, long ToSequence, long Count, TState State);
