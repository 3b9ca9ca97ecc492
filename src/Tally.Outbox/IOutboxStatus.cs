namespace Tally.Outbox;

/// <summary>Whether this instance can store.</summary>
public interface IOutboxStatus
{
    /// <summary>True while this instance owns at least one shard and its database answers.</summary>
    bool IsReady { get; }

    /// <summary>How many shards this instance owns and can store to now.</summary>
    int OwnedShards { get; }

    /// <summary>
    /// Why it isn't ready, or "ready"; then which shards have stopped for good, if any, and why; then which topics Kafka doesn't have, if results wait for them,
    /// and which are set to something that loses results; then what is unsafe, if <see cref="OutboxOptions.Unsafe"/> allows it.
    /// </summary>
    string Reason { get; }
}
