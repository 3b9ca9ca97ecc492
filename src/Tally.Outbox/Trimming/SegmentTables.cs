using Npgsql;
using Tally.Outbox.Schema;

namespace Tally.Outbox.Trimming;

/// <summary>A segment's table as it is in the database.</summary>
/// <param name="Segment">Its number.</param>
/// <param name="IsAttached">Whether it is a partition of the shard's table.</param>
/// <param name="IsDetaching">Whether a detaching has begun that was not brought to its end: queries leave it out already.</param>
/// <param name="Bytes">How much room it takes with its indexes; 0 unless that was asked for.</param>
internal sealed record SegmentTable(long Segment, bool IsAttached, bool IsDetaching, long Bytes);

/// <summary>
/// The tables of a shard's segments: what there is, and how one goes. Taking one away waits for whoever reads it, so every wait has an end: neither the
/// shard's writer nor a new segment must wait for a stranger, and what was begun is gone on with in a later round.
/// </summary>
/// <param name="dataSource">The database.</param>
/// <param name="segments">Where things are.</param>
/// <param name="hasSessions">Whether a connection is the same session throughout. Behind a pooler it isn't, and then a step is one ordinary transaction.</param>
internal sealed class SegmentTables(NpgsqlDataSource dataSource, SegmentStore segments, bool hasSessions)
{
    // Longer than PostgreSQL's deadlock_timeout (1 s): after that an autovacuum of the segment gives way.
    private const int LockTimeoutSeconds = 2;

    /// <summary>How long a step takes at most. Less than what making a new segment waits, since only one can change the shard's table at a time.</summary>
    public static readonly TimeSpan AtMost = TimeSpan.FromSeconds(SegmentStore.LockTimeoutSeconds - 1);

    /// <summary>All segments of a shard, oldest first; also those that are partitions no more and weren't dropped yet.</summary>
    public async Task<List<SegmentTable>> ListAsync(int shard, bool withBytes, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            """
            SELECT substring(c.relname FROM '[0-9]+$')::bigint, i.inhrelid IS NOT NULL, coalesce(i.inhdetachpending, false),
                   CASE WHEN $3 THEN coalesce(pg_total_relation_size(c.oid), 0) ELSE 0 END
            FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
            WHERE c.relnamespace = to_regnamespace($1) AND c.relkind = 'r' AND c.relname ~ $2
            ORDER BY 1
            """);
        command.Parameters.Add(new() { Value = segments.Schema });
        command.Parameters.Add(new() { Value = $"^outbox_batches_{shard}_[0-9]+$" });
        command.Parameters.Add(new() { Value = withBytes });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tables = new List<SegmentTable>();
        while (await reader.ReadAsync(cancellationToken))
        {
            tables.Add(new SegmentTable(reader.GetInt64(0), reader.GetBoolean(1), reader.GetBoolean(2), reader.GetInt64(3)));
        }

        return tables;
    }

    /// <summary>
    /// Takes a segment out of the shard's table. PostgreSQL does it in two transactions: the first one marks the segment, so that queries leave it out; the
    /// second one waits for whoever had the table open before. What stops in between is brought to its end from here, by whoever calls next.
    /// Its waits can be limited for a session only, though: where there is none it is done in one transaction, which keeps the shard's writer waiting as
    /// long as it waits itself.
    /// </summary>
    /// <exception cref="PostgresException">Somebody holds the segment open: see <see cref="IsHeld"/>.</exception>
    public Task DetachAsync(int shard, SegmentTable table, CancellationToken cancellationToken) => ChangeAsync(
        $"ALTER TABLE {segments.BatchesOf(shard)} DETACH PARTITION {segments.SegmentName(shard, table.Segment)} {(table.IsDetaching ? "FINALIZE" : hasSessions ? "CONCURRENTLY" : "")}",
        cancellationToken);

    /// <summary>Drops a segment that is no partition any more.</summary>
    /// <exception cref="PostgresException">Somebody holds the segment open: see <see cref="IsHeld"/>.</exception>
    public Task DropAsync(int shard, long segment, CancellationToken cancellationToken) =>
        ChangeAsync($"DROP TABLE IF EXISTS {segments.SegmentName(shard, segment)}", cancellationToken);

    /// <summary>Whether a step ended because it would have had to wait for too long.</summary>
    public static bool IsHeld(PostgresException fault) => fault.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled;

    private async Task ChangeAsync(string statement, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);

        // For the session, since a concurrent detaching runs in transactions of its own; the pool resets it.
        await using var transaction = hasSessions ? null : await connection.BeginTransactionAsync(cancellationToken);
        var scope = hasSessions ? "SESSION" : "LOCAL";
        await using var limits = new NpgsqlCommand(
            $"SET {scope} lock_timeout = '{LockTimeoutSeconds}s'; SET {scope} statement_timeout = '{(int)AtMost.TotalSeconds}s'", connection);
        await limits.ExecuteNonQueryAsync(cancellationToken);
        await using var change = new NpgsqlCommand(statement, connection);
        await change.ExecuteNonQueryAsync(cancellationToken);
        if (transaction is not null)
        {
            await transaction.CommitAsync(cancellationToken);
        }
    }
}
