namespace Tally.Outbox;

/// <summary>Stores messages durably, and has them published to Kafka in the order in which a shard committed them.</summary>
/// <typeparam name="TItem">What the registered <see cref="IOutboxEncoder{TItem, TState}"/> makes payloads from.</typeparam>
public interface IOutbox<TItem>
{
    /// <summary>
    /// Stores a message. When the task completes, the message is committed in PostgreSQL, and will be published whatever happens to this process.
    /// Concurrent calls share commits. With an <see cref="IdempotencyKey"/> that is known already nothing is stored, and the task completes with the
    /// position that the first append with it got, which may be of another shard.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="cancellationToken">
    /// Gives up waiting. What had not begun to be committed by then is not stored; what had, may be.
    /// </param>
    /// <returns>Where it stands.</returns>
    /// <exception cref="OutboxException">It was not stored, or nobody knows: see <see cref="OutboxException.NotStored"/>.</exception>
    /// <exception cref="OperationCanceledException">Waiting was given up; whether it was stored is unknown.</exception>
    ValueTask<OutboxPosition> AppendAsync(OutboxMessage<TItem> message, CancellationToken cancellationToken = default);
}
