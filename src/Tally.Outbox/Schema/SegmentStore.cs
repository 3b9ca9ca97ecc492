using Npgsql;

namespace Tally.Outbox.Schema;

/// <summary>
/// The tables that a shard's batches lie in: one partition a shard, and below it one a segment, a range of sequences. Segment <c>n</c> holds
/// the sequences <c>n × size + 1</c> to <c>(n + 1) × size</c>. There is no DEFAULT partition: attaching beside one would scan it.
/// </summary>
internal sealed class SegmentStore(NpgsqlDataSource dataSource, OutboxOptions options)
{
    /// <summary>How many segments are kept ready behind the one in use.</summary>
    public const int Ahead = 2;

    /// <summary>How long making a segment waits for whoever changes the shard's table at the same instant.</summary>
    public const int LockTimeoutSeconds = 5;

    /// <summary>The schema's quoted name.</summary>
    public string Schema { get; } = $"\"{options.Schema}\"";

    /// <summary>The qualified name of a shard's own table: code reads and writes there, which spares the planner all other shards.</summary>
    public string BatchesOf(int shard) => $"{Schema}.outbox_batches_{shard}";

    /// <summary>The qualified name of a segment's table.</summary>
    public string SegmentName(int shard, long segment) => $"{BatchesOf(shard)}_{segment}";

    /// <summary>The last sequence that a segment can hold.</summary>
    public static long EndOf(long segment, long segmentSize) => (segment + 1) * segmentSize;

    public static long SegmentOf(long sequence, long segmentSize) => (sequence - 1) / segmentSize;

    /// <summary>Adds what the shards from <paramref name="from"/> up to below <paramref name="to"/> need, within the caller's transaction.</summary>
    public async Task AddShardsAsync(NpgsqlConnection connection, int from, int to, long segmentSize, CancellationToken cancellationToken)
    {
        for (var shard = from; shard < to; shard++)
        {
            var sql = $"""
                INSERT INTO {Schema}.shards (shard) VALUES ({shard});
                INSERT INTO {Schema}.leases (shard) VALUES ({shard});
                INSERT INTO {Schema}.progress (shard) VALUES ({shard});
                CREATE TABLE {BatchesOf(shard)} PARTITION OF {Schema}.outbox_batches FOR VALUES IN ({shard}) PARTITION BY RANGE (first_sequence);
                """;
            for (var segment = 0; segment <= Ahead; segment++)
            {
                sql += $"CREATE TABLE {SegmentName(shard, segment)} PARTITION OF {BatchesOf(shard)} {Range(segment, segmentSize)};\n";
            }

            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Makes a segment unless it is there. Beside open writers this takes a millisecond or two: the table is made first and only then attached,
    /// which needs no lock that an insert would wait for. Beside an older segment that is being detached it waits for a moment, and no longer than
    /// <see cref="Trimming.SegmentTables.AtMost"/>, however long somebody holds that one open.
    /// </summary>
    public async Task EnsureAsync(int shard, long segment, long segmentSize, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var name = SegmentName(shard, segment);

        // The lock that attaching needs comes first. Taken after looking at the table, it would be waited for while holding a lock that a detaching
        // of an old segment waits for in turn. And of two that make the same segment, the second waits here and finds it.
        await using var command = new NpgsqlCommand(
            $"""
            SET LOCAL lock_timeout = '{LockTimeoutSeconds}s';
            LOCK TABLE ONLY {BatchesOf(shard)} IN SHARE UPDATE EXCLUSIVE MODE;
            SELECT to_regclass('{name}') IS NOT NULL;
            """,
            connection);
        bool exists;
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            exists = reader.GetBoolean(0);
        }

        if (!exists)
        {
            command.CommandText = $"""
                CREATE TABLE {name} (LIKE {BatchesOf(shard)} INCLUDING ALL);
                ALTER TABLE {BatchesOf(shard)} ATTACH PARTITION {name} {Range(segment, segmentSize)};
                """;
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>The newest segment that is ready.</summary>
    public async Task<long> ReadLastAsync(int shard, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            """
            SELECT max(substring(c.relname FROM '[0-9]+$')::bigint)
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = $1::regclass
            """);
        command.Parameters.Add(new() { Value = BatchesOf(shard), NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static string Range(long segment, long size) => $"FOR VALUES FROM ({(segment * size) + 1}) TO ({((segment + 1) * size) + 1})";
}
