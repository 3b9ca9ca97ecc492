using Npgsql;
using NpgsqlTypes;

namespace Tally.Inbox.Storage;

/// <summary>The statement that ends one generation of a shard and begins the next.</summary>
internal sealed class AdoptStatement<TState, TEvent>(string schema, InboxHandler<TState, TEvent> handler)
{
    // Compared and set like a fold. A fold of the old generation that is under way wants the row behind the last one: so that it can't be committed
    // beside this and be forgotten, that very row is taken here, without an event. Whoever comes second fails, and reads again.
    private readonly string _sql = $"""
        WITH held AS (
          SELECT f.* FROM {schema}.folds f WHERE f.shard = $1 ORDER BY f.generation DESC, f.from_sequence DESC LIMIT 1),
        closed AS (
          INSERT INTO {schema}.folds (shard, generation, from_sequence, to_sequence, epoch, state, count, topic, partition, next_offset, topic_id)
          SELECT shard, generation, CASE WHEN generation = $2 AND epoch = $3 AND to_sequence = $4 THEN to_sequence + 1 END, to_sequence + 1,
                 epoch, state, count, topic, partition, next_offset, topic_id
          FROM held RETURNING shard),
        kept AS (
          INSERT INTO {schema}.adopted (shard, generation, epoch, from_sequence, to_sequence, count, state)
          SELECT shard, $2 + 1, $3, $5 + 1, $4, $6, $7 FROM closed RETURNING shard)
        INSERT INTO {schema}.folds (shard, generation, from_sequence, to_sequence, epoch, state, count, topic, partition, next_offset, topic_id, common_epoch)
        SELECT held.shard, $2 + 1, $5, $5, $8, $9, $10, held.topic, held.partition, held.next_offset, held.topic_id, $11
        FROM held, kept
        """;

    /// <summary>Gives up what is held behind a common event.</summary>
    /// <param name="connection">The connection; the statement is a transaction of its own.</param>
    /// <param name="held">What is held.</param>
    /// <param name="common">The last common event, and the state after it.</param>
    /// <param name="newEpoch">The epoch that begins behind it.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    /// <returns>False when nothing is held any more.</returns>
    /// <exception cref="PostgresException">A collision: the shard moved (see <see cref="FoldStatements{TState, TEvent}"/>).</exception>
    public async Task<bool> RunAsync(
        NpgsqlConnection connection, ShardPosition<TState> held, SourceBranch<TState> common, long newEpoch, CancellationToken cancellationToken)
    {
        // What is held counts every event from the first on, whatever the generation.
        var count = held.Sequence - common.Sequence;
        await using var command = new NpgsqlCommand(_sql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<int> { TypedValue = held.Shard },
                new NpgsqlParameter<int> { TypedValue = held.Generation },
                new NpgsqlParameter<long> { TypedValue = held.Epoch },
                new NpgsqlParameter<long> { TypedValue = held.Sequence },
                new NpgsqlParameter<long> { TypedValue = common.Sequence },
                new NpgsqlParameter<long> { TypedValue = count },
                new NpgsqlParameter<byte[]> { TypedValue = handler.Save(handler.Subtract(held.State, common.State)) },
                new NpgsqlParameter<long> { TypedValue = newEpoch },
                new NpgsqlParameter<byte[]> { TypedValue = handler.Save(common.State) },
                new NpgsqlParameter<long> { TypedValue = held.Count - count },
                new NpgsqlParameter { Value = common.Epoch, NpgsqlDbType = NpgsqlDbType.Bigint },
            },
        };
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }
}
