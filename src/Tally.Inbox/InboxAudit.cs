namespace Tally.Inbox;

/// <summary>What a comparison of the shards of this instance with the outbox said. It is exact: each shard at the very position that is held here.</summary>
/// <param name="Shards">How many shards could be compared.</param>
/// <param name="Differences">How many of them hold something else than the outbox says; 0, always.</param>
/// <param name="Age">How long ago.</param>
public sealed record InboxAudit(int Shards, int Differences, TimeSpan Age);
