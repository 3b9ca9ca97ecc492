namespace Tally.Outbox;

/// <summary>Has results published again. Works on every instance, whoever owns the shard.</summary>
public interface IOutboxRelay
{
    /// <summary>
    /// Records the wish that a shard is published again. Its owner notices within about a second, begins with a new producer, and clears the wish once Kafka has
    /// acknowledged everything; until then it outlives any crash. A second wish joins one that is open, from the lower sequence on.
    /// </summary>
    /// <param name="shard">The shard.</param>
    /// <param name="fromSequence">The first result to publish again; at least the one behind what retention dropped (<see cref="OutboxShardPosition.TrimmedTo"/>).</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such shard, or no such result (any more); the message says what there is.</exception>
    /// <exception cref="Npgsql.NpgsqlException">The database can't be reached.</exception>
    Task RewindAsync(int shard, long fromSequence, CancellationToken cancellationToken = default);
}
