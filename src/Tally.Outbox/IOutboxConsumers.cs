namespace Tally.Outbox;

/// <summary>
/// What consumers hold, as they say themselves: retention drops nothing that one of them lacks. A consumer is registered by its first confirmation; one that
/// is gone for good is removed by deleting its rows from the outbox's table <c>consumers</c>, and from <see cref="OutboxOptions.Consumers"/>.
/// </summary>
public interface IOutboxConsumers
{
    /// <summary>The longest name of a consumer, in characters.</summary>
    const int MaxNameLength = 249;

    /// <summary>The highest epoch and sequence that can be confirmed: far above any real one, and below where the next one could not be told any more.</summary>
    const long MaxNumber = long.MaxValue / 2;

    /// <summary>
    /// Records what a consumer holds durably, so that it will never ask for it again. Durable when it returns. Works on every instance. Never goes back: a
    /// position with a lower epoch, or a lower sequence of the same epoch, than what was confirmed before changes nothing.
    /// </summary>
    /// <param name="consumer">The consumer's name, 1 to <see cref="MaxNameLength"/> characters: the same from all its instances.</param>
    /// <param name="system">The identity of the outbox whose results it holds; must be this one's.</param>
    /// <param name="held">The last result that it holds of each shard, each shard at most once. Shards that are left out stay as they were.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">Something is out of its limits; the message names it, its value and what is allowed.</exception>
    /// <exception cref="Npgsql.NpgsqlException">The database can't be reached.</exception>
    Task ConfirmAsync(string consumer, Guid system, IReadOnlyList<OutboxConfirmation> held, CancellationToken cancellationToken = default);
}

/// <summary>The last result of a shard that a consumer holds.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Epoch">The epoch of that result; 0 when it holds none.</param>
/// <param name="Sequence">Its sequence; 0 when it holds none.</param>
public readonly record struct OutboxConfirmation(int Shard, long Epoch, long Sequence);

/// <summary>What retention took from a shard: everything up to a result.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="LastSequence">The last result that was dropped; 0 when none was.</param>
/// <param name="Count">How many were dropped.</param>
/// <param name="Epoch">The epoch of the last one; 0 when there is none.</param>
/// <param name="State">The application's state after the last one; null when there is none.</param>
public sealed record OutboxTrim(int Shard, long LastSequence, long Count, long Epoch, ReadOnlyMemory<byte>? State);
