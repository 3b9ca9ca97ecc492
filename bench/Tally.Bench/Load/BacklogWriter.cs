using Npgsql;
using NpgsqlTypes;
using Tally.Calculator;
using Tally.Outbox;

namespace Tally.Bench.Load;

/// <summary>
/// Stores results as a Calculator does that nothing hurries and nothing relays, but many a second: batches of the size that load makes, encoded by its own
/// encoder, gapless, in the epoch that it has claimed, evenly over the shards. No Calculator may run on the schema meanwhile; the next one goes on behind.
/// </summary>
internal static class BacklogWriter
{
    private const int BatchResults = 250;

    public static async Task WriteAsync(string connectionString, string schema, long results)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        var (system, shards, segmentSize) = await ReadSystemAsync(source, schema);
        for (var shard = 0; shard < shards; shard++)
        {
            var each = (results / shards) + (shard < results % shards ? 1 : 0);
            await WriteShardAsync(source, schema, system, shard, each, segmentSize);
            await Console.Error.WriteLineAsync($"backlog: shard {shard} of {shards} has {each:N0} more");
        }
    }

    private static async Task<(Guid System, int Shards, long SegmentSize)> ReadSystemAsync(NpgsqlDataSource source, string schema)
    {
        await using var command = source.CreateCommand($"SELECT id, shards, segment_size FROM \"{schema}\".system");
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetGuid(0), reader.GetInt32(1), reader.GetInt64(2));
    }

    private static async Task WriteShardAsync(NpgsqlDataSource source, string schema, Guid system, int shard, long results, long segmentSize)
    {
        await using var connection = await source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var encoder = new SumEncoder();
        var (epoch, before, total) = await LockAsync(connection, schema, shard, encoder);
        var position = new OutboxPosition(system, shard, epoch, before + 1, before + 1);
        if (!Amount.TryParse("42", out var value))
        {
            throw new InvalidOperationException("42 is an amount.");
        }

        await using var copy = await connection.BeginBinaryImportAsync(
            $"COPY \"{schema}\".outbox_batches_{shard} (shard, first_sequence, last_sequence, epoch, state, payloads, topic) FROM STDIN (FORMAT BINARY)");
        for (var last = before + results; position.Sequence <= last;)
        {
            // A batch never crosses the border of a segment.
            var border = (((position.Sequence - 1) / segmentSize) + 1) * segmentSize;
            var first = position.Sequence;
            var payloads = new byte[Math.Min(BatchResults, Math.Min(border, last) - first + 1)][];
            for (var i = 0; i < payloads.Length; i++)
            {
                payloads[i] = encoder.Encode(value, position, TimeProvider.System.GetUtcNow(), ref total);
                position = position with { Sequence = position.Sequence + 1 };
            }

            await copy.StartRowAsync();
            await copy.WriteAsync(shard, NpgsqlDbType.Integer);
            await copy.WriteAsync(first, NpgsqlDbType.Bigint);
            await copy.WriteAsync(position.Sequence - 1, NpgsqlDbType.Bigint);
            await copy.WriteAsync(epoch, NpgsqlDbType.Bigint);
            await copy.WriteAsync(encoder.Save(total), NpgsqlDbType.Bytea);
            await copy.WriteAsync(payloads, NpgsqlDbType.Array | NpgsqlDbType.Bytea);
            await copy.WriteAsync("sums", NpgsqlDbType.Text);
        }

        await copy.CompleteAsync();
        await copy.DisposeAsync();
        await transaction.CommitAsync();
    }

    /// <summary>The fence, as a writer takes it, and where the shard stands.</summary>
    private static async Task<(long Epoch, long Sequence, Amount Total)> LockAsync(
        NpgsqlConnection connection, string schema, int shard, SumEncoder encoder)
    {
        await using var command = new NpgsqlCommand(
            $"""
            SELECT s.epoch, b.epoch, b.last_sequence, b.state
            FROM (SELECT epoch FROM "{schema}".shards WHERE shard = $1 FOR SHARE) s
            LEFT JOIN LATERAL (SELECT * FROM "{schema}".outbox_batches_{shard} ORDER BY first_sequence DESC LIMIT 1) b ON true
            """,
            connection)
        {
            Parameters = { new() { Value = shard } },
        };
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var epoch = reader.GetInt64(0);
        if (epoch == 0)
        {
            throw new InvalidOperationException($"No Calculator has claimed shard {shard} of '{schema}' yet.");
        }

        if (await reader.IsDBNullAsync(1))
        {
            return (epoch, 0, encoder.Initial);
        }

        // What is written here says where its epoch begins, so nothing of that epoch may be there.
        return reader.GetInt64(1) < epoch
            ? (epoch, reader.GetInt64(2), encoder.Load(reader.GetFieldValue<byte[]>(3)))
            : throw new InvalidOperationException($"Shard {shard} of '{schema}' has results of epoch {epoch} already.");
    }
}
