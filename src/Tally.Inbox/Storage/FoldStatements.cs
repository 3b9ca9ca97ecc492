using Npgsql;
using NpgsqlTypes;
using Tally.Inbox.Folding;

namespace Tally.Inbox.Storage;

/// <summary>The statements that store a fold. All of them travel in one batch, which is one implicit transaction and one round trip.</summary>
/// <param name="schema">The inbox's schema as it stands in statements.</param>
/// <param name="handler">Says how a state is stored.</param>
internal sealed class FoldStatements<TState, TEvent>(string schema, InboxHandler<TState, TEvent> handler)
{
    // The position is compared and set. Against a transaction that is under way at the same time the primary key does it: both start from the
    // same sequence. Against folds that were committed before, the CASE does: a fold that doesn't begin right behind the last one gets NULL,
    // which the column refuses. (Old folds are removed, so the key alone would let a process in that slept for long.)
    private readonly string _folds = $"""
        INSERT INTO {schema}.folds (shard, generation, from_sequence, to_sequence, epoch, state, count, topic, partition, next_offset, topic_id)
        SELECT n.shard, n.generation,
               CASE WHEN {(Sabotage.Is(Sabotage.FoldUnconditionally) ? "true OR " : "")}coalesce(held.generation, n.generation) = n.generation AND coalesce(held.to_sequence, 0) = n.from_sequence - 1
                    THEN n.from_sequence END,
               n.to_sequence, n.epoch, n.state, n.count, n.topic, n.partition, n.next_offset, n.topic_id
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             AS n (shard, generation, from_sequence, to_sequence, epoch, state, count, topic, partition, next_offset, topic_id)
        LEFT JOIN LATERAL (
             SELECT f.generation, f.to_sequence FROM {schema}.folds f
             WHERE f.shard = n.shard ORDER BY f.generation DESC, f.from_sequence DESC LIMIT 1) held ON true
        {(Sabotage.Is(Sabotage.FoldUnconditionally) ? "ON CONFLICT DO NOTHING" : "")}
        """;

    private readonly string _quarantine = $"""
        INSERT INTO {schema}.quarantine (topic, partition, "offset", key, value, reason, topic_id)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
        """;

    private readonly string _source = $"INSERT INTO {schema}.source (system) VALUES ($1)";

    public void AddTo(NpgsqlBatch batch, Fold<TState, TEvent> fold)
    {
        if (fold.NewSource is { } source)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(_source) { Parameters = { new() { Value = source, NpgsqlDbType = NpgsqlDbType.Uuid } } });
        }

        if (fold.Poison.Count > 0)
        {
            batch.BatchCommands.Add(Quarantine(fold.Poison));
        }

        if (fold.Rows.Count > 0)
        {
            batch.BatchCommands.Add(Folds(fold.Rows));
        }

        fold.Companion?.AddTo(batch);
    }

    /// <summary>Whether the failure says that somebody else went on with a shard, rather than that something is broken.</summary>
    public bool IsCollision(PostgresException failure) =>
        failure.SchemaName == schema.Trim('"') && failure.SqlState switch
        {
            PostgresErrorCodes.UniqueViolation => failure.TableName is "folds" or "source" or "adopted",
            PostgresErrorCodes.NotNullViolation => failure.TableName is "folds" && failure.ColumnName is "from_sequence",
            _ => false,
        };

    private NpgsqlBatchCommand Folds(List<FoldRow<TState>> rows)
    {
        var command = new NpgsqlBatchCommand(_folds);
        Add(command, NpgsqlDbType.Integer, rows, static row => row.After.Shard);
        Add(command, NpgsqlDbType.Integer, rows, static row => row.After.Generation);
        Add(command, NpgsqlDbType.Bigint, rows, static row => row.FromSequence);
        Add(command, NpgsqlDbType.Bigint, rows, static row => row.After.Sequence);
        Add(command, NpgsqlDbType.Bigint, rows, static row => row.After.Epoch);
        Add(command, NpgsqlDbType.Bytea, rows, row => handler.Save(row.After.State));
        Add(command, NpgsqlDbType.Bigint, rows, static row => row.After.Count);
        Add(command, NpgsqlDbType.Text, rows, static row => row.Topic);
        Add(command, NpgsqlDbType.Integer, rows, static row => row.Partition);
        Add(command, NpgsqlDbType.Bigint, rows, static row => row.NextOffset + (Sabotage.Is(Sabotage.OffsetsFirst) ? 1 : 0));
        Add(command, NpgsqlDbType.Uuid, rows, static row => row.TopicId);
        return command;
    }

    private NpgsqlBatchCommand Quarantine(List<PoisonRow> rows)
    {
        var command = new NpgsqlBatchCommand(_quarantine);
        Add(command, NpgsqlDbType.Text, rows, static row => row.Message.Topic);
        Add(command, NpgsqlDbType.Integer, rows, static row => row.Message.Partition);
        Add(command, NpgsqlDbType.Bigint, rows, static row => row.Message.Offset);
        Add(command, NpgsqlDbType.Bytea, rows, static row => row.Message.Key);
        Add(command, NpgsqlDbType.Bytea, rows, static row => row.Message.Value);
        Add(command, NpgsqlDbType.Text, rows, static row => row.Reason);
        Add(command, NpgsqlDbType.Uuid, rows, static row => row.TopicId);
        return command;
    }

    private static void Add<TRow, TValue>(NpgsqlBatchCommand command, NpgsqlDbType type, List<TRow> rows, Func<TRow, TValue> column)
    {
        var values = new TValue[rows.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = column(rows[i]);
        }

        command.Parameters.Add(new NpgsqlParameter<TValue[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type });
    }
}
