namespace Tally.Inbox;

/// <summary>What keeps a shard from going on.</summary>
public enum ShardTroubleKind
{
    /// <summary>The next event is missing for longer than the grace time, and it isn't only slow. Ends by itself when it comes.</summary>
    Gap = 1,

    /// <summary>
    /// What was folded isn't what the outbox holds, or a newer epoch begins at or below it: the sender's database went back in time and continued
    /// differently. Ends when an operator adopts the fork.
    /// </summary>
    Fork = 2,

    /// <summary>The next event can't be folded as the outbox itself stores it, or the outbox doesn't have it any more. Sending it again doesn't help.</summary>
    Damaged = 3,
}

/// <summary>A shard that doesn't go on, and why.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Kind">What kind of trouble.</param>
/// <param name="Reason">What was seen, in a sentence.</param>
public sealed record ShardTrouble(int Shard, ShardTroubleKind Kind, string Reason)
{
    /// <summary>
    /// The generation of the position that it's about. When a fork was adopted meanwhile, perhaps by another instance, the position's generation is higher, and
    /// this is over.
    /// </summary>
    public int Generation { get; init; }
}
