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
public readonly record struct OutboxMessage<TItem>(
    TItem Item,
    string Topic,
    string? OrderingKey = null,
    IReadOnlyDictionary<string, string>? Headers = null,
    IdempotencyKey? IdempotencyKey = null);
