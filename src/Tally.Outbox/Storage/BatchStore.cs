using System.Runtime.CompilerServices;
using Npgsql;
using Tally.Outbox.Schema;

namespace Tally.Outbox.Storage;

/// <summary>What became of a batch whose commit was never answered.</summary>
internal enum BatchFate
{
    /// <summary>It may be under way still: the shard was not claimed since.</summary>
    Open,

    /// <summary>It is stored.</summary>
    Stored,

    /// <summary>It is not stored, and can't be any more.</summary>
    NotStored,

    /// <summary>Retention dropped what was stored at its place. That may have been this batch, so that nobody can say that it was not stored.</summary>
    Dropped,
}

/// <summary>Reads batches.</summary>
internal sealed class BatchStore(NpgsqlDataSource dataSource, SegmentStore segments)
{
    /// <summary>
    /// What became of the batch that began there in that epoch. While the shard's epoch is still the same its commit may be under way, and only a claim
    /// waits for that and ends it for good. Stored only once a synchronous replica has it too, if there is one.
    /// </summary>
    public async Task<BatchFate> FindFateAsync(int shard, long firstSequence, long epoch, TimeSpan commitTimeout, CancellationToken cancellationToken)
    {
        // All on one connection: with several hosts another one may lead to another server. One statement, so what is dropped meanwhile is seen as the one or the other.
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            $"""
            SELECT EXISTS (SELECT 1 FROM {segments.BatchesOf(shard)} WHERE first_sequence = $1 AND epoch = $2),
                   EXISTS (SELECT 1 FROM {segments.Schema}.trimmed WHERE shard = $3 AND last_sequence >= $1),
                   EXISTS (SELECT 1 FROM {segments.Schema}.shards WHERE shard = $3 AND epoch > $2)
            """,
            connection);
        command.Parameters.Add(new() { Value = firstSequence });
        command.Parameters.Add(new() { Value = epoch });
        command.Parameters.Add(new() { Value = shard });
        bool stored, dropped, superseded;
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            (stored, dropped, superseded) = (reader.GetBoolean(0), reader.GetBoolean(1), reader.GetBoolean(2));
        }

        if (stored)
        {
            await ReplicaWait.PassAsync(connection, commitTimeout, cancellationToken);
            return BatchFate.Stored;
        }

        return dropped ? BatchFate.Dropped
            : superseded ? BatchFate.NotStored
            : BatchFate.Open;
    }

    /// <summary>
    /// The batches that hold the results from a sequence on, oldest first, at most so many; the first may begin before it, and none begins behind
    /// <paramref name="toSequence"/>.
    /// </summary>
    public IAsyncEnumerable<CommittedBatch> ReadAsync(int shard, long fromSequence, long toSequence, int limit, CancellationToken cancellationToken) =>
        ReadAsync(segments.BatchesOf(shard), fromSequence, toSequence, limit, cancellationToken);

    /// <summary>The same from one table.</summary>
    public async IAsyncEnumerable<CommittedBatch> ReadAsync(
        string table, long fromSequence, long toSequence, int limit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The place is found by the primary key; comparing last_sequence instead would read all that lies before it.
        await using var command = dataSource.CreateCommand(
            $"""
            SELECT first_sequence, payloads, topic, headers, epoch
            FROM {table}
            WHERE first_sequence >= coalesce((SELECT max(first_sequence) FROM {table} WHERE first_sequence <= $1), $1)
              AND first_sequence <= $3
              AND last_sequence >= $1
            ORDER BY first_sequence
            LIMIT $2
            """);
        command.Parameters.Add(new() { Value = fromSequence });
        command.Parameters.Add(new() { Value = limit });
        command.Parameters.Add(new() { Value = toSequence });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            yield return new CommittedBatch(
                reader.GetInt64(0),
                reader.GetFieldValue<byte[][]>(1),
                reader.GetString(2),
                reader.IsDBNull(3) ? null : reader.GetFieldValue<string?[]>(3),
                reader.GetInt64(4));
        }
    }

    /// <summary>The last batch that begins at or before a sequence; null when there is none.</summary>
    public async Task<BatchHead?> FindAsync(int shard, long sequence, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            $"""
            SELECT first_sequence, last_sequence, epoch, state FROM {segments.BatchesOf(shard)}
            WHERE first_sequence <= $1 ORDER BY first_sequence DESC LIMIT 1
            """);
        command.Parameters.Add(new() { Value = sequence });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new BatchHead(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetFieldValue<byte[]>(3))
            : null;
    }
}
