namespace Tally.Outbox;

/// <summary>One thing to store and to publish.</summary>
/// <typeparam name="TItem">What the encoder makes the payload from.</typeparam>
/// <param name="Item">What to encode.</param>
/// <param name="Topic">The Kafka topic.</param>
/// <param name="OrderingKey">
/// Messages with the same key keep their order: they share a shard. Null: any shard that this instance owns.
/// </param>
/// <param name="Headers">Kafka headers, stored with the payload. Null: none.</param>
/// <param name="IdempotencyKey">Makes the append repeatable. Null: each append is stored anew.</param>
/// <param name="Abandoned">
/// Cancelled once nobody waits for the answer any more: what isn't on its way to the database by then isn't stored, and its append ends as cancelled. It is only
/// looked at when a commit begins, so unlike the token of <see cref="IOutbox{TItem}.AppendAsync"/> it costs nothing, and ends no wait at once.
/// </param>
public readonly record struct OutboxMessage<TItem>(
    TItem Item,
    string Topic,
    string? OrderingKey = null,
    IReadOnlyDictionary<string, string>? Headers = null,
    IdempotencyKey? IdempotencyKey = null,
    CancellationToken Abandoned = default);
