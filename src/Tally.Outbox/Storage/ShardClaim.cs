namespace Tally.Outbox.Storage;

/// <summary>The right to append to a shard, and where it stands.</summary>
internal sealed record ShardClaim(int Shard, long Epoch, long LastSequence, byte[]? State, long Relayed);
