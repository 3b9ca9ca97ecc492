using Npgsql;
using NpgsqlTypes;
using Tally.Outbox.Schema;

namespace Tally.Outbox.Storage;

/// <summary>Lets the two tables of idempotency keys change turns. Safe when several instances do it at once.</summary>
internal sealed class KeyStore(NpgsqlDataSource dataSource, OutboxOptions options, SegmentStore segments)
{
    private const int LooksPerRetention = 60;
    private static readonly TimeSpan LongestInterval = TimeSpan.FromMinutes(1);

    /// <summary>How often to look whether it is time.</summary>
    public TimeSpan Interval { get; } =
        options.KeyRetention / LooksPerRetention < LongestInterval ? options.KeyRetention / LooksPerRetention : LongestInterval;

    /// <summary>
    /// When the table that takes new keys has done so for the retention time, empties the other one and gives it the turn, in one transaction. So each key
    /// is kept for the retention time at least: that is how long its table is still looked up after the turn changed.
    /// </summary>
    /// <returns>Whether the turn changed.</returns>
    /// <exception cref="PostgresException">
    /// Something holds the old table, say a backup, or a commit takes long (lock_not_available): nothing happened, and it can be tried again.
    /// </exception>
    public async Task<bool> ChangeTurnAsync(CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var due = new NpgsqlCommand(
            $"SELECT taking_table FROM {segments.Schema}.key_turn WHERE since <= clock_timestamp() - $1 FOR UPDATE SKIP LOCKED", connection)
        {
            Parameters = { new() { Value = options.KeyRetention, NpgsqlDbType = NpgsqlDbType.Interval } },
        };
        if (await due.ExecuteScalarAsync(cancellationToken) is not int taking)
        {
            return false;
        }

        // The advisory lock waits for the batches under way, and new ones wait for it: so for a moment only. Behind it nobody but a stranger can
        // hold the old table, and a stranger isn't waited for, since all batches would wait, too.
        await using var change = new NpgsqlCommand(
            $"""
            SET LOCAL lock_timeout = '1s';
            SELECT pg_advisory_xact_lock(hashtextextended('tally.outbox.keys.{segments.Schema}', 0));
            LOCK TABLE {segments.Schema}.keys_{1 - taking} IN ACCESS EXCLUSIVE MODE NOWAIT;
            TRUNCATE {segments.Schema}.keys_{1 - taking};
            UPDATE {segments.Schema}.key_turn SET taking_table = {1 - taking}, since = clock_timestamp();
            """,
            connection);
        await change.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }
}
