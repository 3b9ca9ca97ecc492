namespace Tally.Outbox;

/// <summary>Where a result stands. Everything that a consumer needs to check the order of a shard.</summary>
/// <param name="System">The identity of the outbox; never changes.</param>
/// <param name="Shard">The shard, from 0.</param>
/// <param name="Epoch">The epoch of the writer that committed it; rises with every claim of the shard.</param>
/// <param name="EpochFirstSequence">The first sequence of that epoch.</param>
/// <param name="Sequence">The place within the shard: 1, 2, 3 … without a gap, over all epochs.</param>
public readonly record struct OutboxPosition(Guid System, int Shard, long Epoch, long EpochFirstSequence, long Sequence);
