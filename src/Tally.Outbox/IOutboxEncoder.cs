namespace Tally.Outbox;

/// <summary>
/// Makes the payload once the position is known. A shard's messages are encoded one after the other, so the encoder can keep a state that
/// runs along the shard (a cumulative total, a hash chain), which the outbox stores with every batch and gives back to the next writer.
/// </summary>
/// <typeparam name="TItem">What the application appends.</typeparam>
/// <typeparam name="TState">The state; best a small value type.</typeparam>
public interface IOutboxEncoder<in TItem, TState>
{
    /// <summary>The state before a shard's first message.</summary>
    TState Initial { get; }

    /// <summary>Reads a state back.</summary>
    /// <param name="saved">What <see cref="Save"/> gave.</param>
    TState Load(ReadOnlySpan<byte> saved);

    /// <summary>Gives the bytes to store with a batch. Called once a commit.</summary>
    /// <param name="state">The state after the batch.</param>
    byte[] Save(TState state);

    /// <summary>
    /// Makes the payload, and moves the state on. May be called again for the same item with another position when a commit failed: it must have
    /// no effect but its results.
    /// </summary>
    /// <param name="item">What was appended.</param>
    /// <param name="position">Where it will stand.</param>
    /// <param name="committing">About when it is committed, by this process's clock.</param>
    /// <param name="state">The state before it; to be set to the state after it.</param>
    /// <returns>The value of the Kafka message; the outbox keeps it, so it must not be changed later.</returns>
    /// <exception cref="OutboxException">With <see cref="OutboxFault.Refused"/>: this item can't be stored; the others of the batch are.</exception>
    byte[] Encode(TItem item, in OutboxPosition position, DateTimeOffset committing, ref TState state);
}
