using Npgsql;
using NpgsqlTypes;
using Tally.Outbox.Schema;

namespace Tally.Outbox.Storage;

/// <summary>How far shards were relayed, and the wishes to publish them again.</summary>
internal sealed class ProgressStore(NpgsqlDataSource dataSource, SegmentStore segments)
{
    /// <summary>
    /// Notes how far shards were relayed. Never goes back, and is fenced as an append is: a database that was put back to a copy has none of the epochs
    /// that came after it, so what was relayed of results that it doesn't hold isn't noted in it.
    /// </summary>
    public async Task WriteRelayedAsync(int[] shards, long[] epochs, long[] relayed, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            $"""
            UPDATE {segments.Schema}.progress p SET relayed = news.relayed
            FROM unnest($1, $2, $3) AS news(shard, epoch, relayed) JOIN {segments.Schema}.shards s ON s.shard = news.shard AND s.epoch = news.epoch
            WHERE p.shard = news.shard AND p.relayed < news.relayed
            """);
        command.Parameters.Add(new() { Value = shards, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer });
        command.Parameters.Add(new() { Value = epochs, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        command.Parameters.Add(new() { Value = relayed, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Records the wish; one that is open already begins at the lower of both sequences, and gets a new id, so that neither end is taken for the other's.
    /// What a wish wants isn't dropped while it is open: the row's lock, which trimming takes too, decides who is first.
    /// </summary>
    /// <returns>False when the wish comes too late: the result was dropped.</returns>
    public async Task<bool> AskForRewindAsync(int shard, long fromSequence, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var locked = new NpgsqlCommand($"SELECT 1 FROM {segments.Schema}.progress WHERE shard = $1 FOR UPDATE", connection)
        {
            Parameters = { new() { Value = shard } },
        };
        await locked.ExecuteNonQueryAsync(cancellationToken);

        // A statement of its own, so that it sees what was trimmed while the lock was waited for.
        await using var wish = new NpgsqlCommand(
            $"""
            UPDATE {segments.Schema}.progress SET rewind_id = gen_random_uuid(), rewind_from = least(rewind_from, $2)
            WHERE shard = $1 AND NOT EXISTS (SELECT 1 FROM {segments.Schema}.trimmed t WHERE t.shard = $1 AND t.last_sequence >= $2)
            """,
            connection)
        {
            Parameters = { new() { Value = shard }, new() { Value = fromSequence } },
        };
        var recorded = await wish.ExecuteNonQueryAsync(cancellationToken) == 1;
        await transaction.CommitAsync(cancellationToken);
        return recorded;
    }

    /// <summary>The open wishes.</summary>
    public async Task<List<(int Shard, Guid Id, long FromSequence)>> ReadRewindsAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            $"SELECT shard, rewind_id, rewind_from FROM {segments.Schema}.progress WHERE rewind_id IS NOT NULL");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var wishes = new List<(int, Guid, long)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            wishes.Add((reader.GetInt32(0), reader.GetGuid(1), reader.GetInt64(2)));
        }

        return wishes;
    }

    /// <summary>Clears a wish that was fulfilled, unless a newer one has taken its place.</summary>
    public async Task ClearRewindAsync(int shard, Guid id, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            $"UPDATE {segments.Schema}.progress SET rewind_id = NULL, rewind_from = NULL WHERE shard = $1 AND rewind_id = $2");
        command.Parameters.Add(new() { Value = shard });
        command.Parameters.Add(new() { Value = id });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
