using Npgsql;
using NpgsqlTypes;
using Tally.Outbox.Schema;

namespace Tally.Outbox.Storage;

/// <summary>
/// Claims and leases. All times are the database's: instances' clocks play no part. A lease that ends more than two lease times ahead counts
/// as expired, since only a clock that stepped back can explain it.
/// </summary>
internal sealed class LeaseStore(NpgsqlDataSource dataSource, OutboxOptions options, SegmentStore segments)
{
    private readonly string _newEpoch = Sabotage.Is(Sabotage.ReuseEpoch)
        ? "greatest(s.epoch, 1)"
        : $"""
        greatest(
            s.epoch + 1,
            (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
            (SELECT max(c.epoch) + 1 FROM {segments.Schema}.consumers c WHERE c.shard = s.shard))
        """;

    /// <summary>
    /// Takes the lease and raises the epoch in one statement, so in one transaction: the update of the shard's row waits for a commit under way, and
    /// from then on every statement of the old epoch finds no row. Then, in a new statement with a new snapshot, the position is read: a
    /// value read by the claiming statement could be older than the commit it waited for. The new epoch is also higher than the clock and than what
    /// any consumer holds: a database that was restored from a copy must not hand out an epoch that was used before.
    /// </summary>
    /// <returns>Null when another instance holds the lease.</returns>
    public async Task<ShardClaim?> TryClaimAsync(int shard, string owner, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        var replica = new ReplicaWait(connection);
        await using var claim = new NpgsqlCommand(
            $"""
            WITH leased AS (
                UPDATE {segments.Schema}.leases SET owner = $3, lease_until = clock_timestamp() + $2
                WHERE shard = $1 AND (owner = $3 OR {Free("$2")})
                RETURNING shard)
            UPDATE {segments.Schema}.shards s
            SET epoch = {_newEpoch}
            FROM leased WHERE s.shard = leased.shard
            RETURNING s.epoch
            """,
            connection)
        {
            CommandTimeout = 2 * Seconds(options.CommitTimeout),
            Parameters = { new() { Value = shard }, Lease(), new() { Value = owner } },
        };
        var claiming = claim.ExecuteScalarAsync(cancellationToken);
        if (await Task.WhenAny(claiming, Task.Delay(options.CommitTimeout, cancellationToken)) != claiming && options.PrepareStatements)
        {
            await EndBlockersAsync(connection.ProcessID, cancellationToken);
        }

        if (await claiming is not long epoch)
        {
            return null;
        }

        // What is read from here on, and published, is on the replica too.
        replica.ThrowIfGivenUp();
        FaultPoint.Reach("claim");
        await using var position = new NpgsqlCommand(
            $"""
            SELECT greatest(p.relayed, t.last_sequence), coalesce(last.last_sequence, t.last_sequence), coalesce(last.state, t.state)
            FROM {segments.Schema}.progress p
            LEFT JOIN {segments.Schema}.trimmed t USING (shard)
            LEFT JOIN LATERAL (
                SELECT last_sequence, state FROM {segments.BatchesOf(shard)} ORDER BY first_sequence DESC LIMIT 1) last ON true
            WHERE p.shard = $1
            """,
            connection)
        {
            CommandTimeout = Seconds(options.CommitTimeout),
            Parameters = { new() { Value = shard } },
        };
        await using var reader = await position.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.IsDBNull(1)
            ? new ShardClaim(shard, epoch, LastSequence: 0, State: null, reader.GetInt64(0))
            : new ShardClaim(shard, epoch, reader.GetInt64(1), reader.GetFieldValue<byte[]>(2), reader.GetInt64(0));
    }

    /// <summary>
    /// A commit takes no longer than its timeout, so whoever blocks a claim for longer is a writer that stalled half-way through sending. From version
    /// 17 on the server ends it by itself (transaction_timeout); on an older one nothing else would. (Behind a pooler nobody knows which process of the
    /// server it is that waits, so there it takes version 17.)
    /// </summary>
    private async Task EndBlockersAsync(int waiting, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("SELECT pg_terminate_backend(pid) FROM unnest(pg_blocking_pids($1)) AS pid");
        command.Parameters.Add(new() { Value = waiting });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Says that this instance is alive, renews what it holds, and looks around. One round trip, one transaction.</summary>
    public async Task<LeaseView> RenewAsync(string owner, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            Timeout = Seconds(options.LeaseTime / 2),
            BatchCommands =
            {
                new($"""
                    INSERT INTO {segments.Schema}.instances AS i (instance, alive_until) VALUES ($1, clock_timestamp() + $2)
                    ON CONFLICT (instance) DO UPDATE SET alive_until = excluded.alive_until
                    """) { Parameters = { new() { Value = owner }, Lease() } },

                // One statement, and so one view: in two, a claim by this instance's own writer between them would make a shard neither ours nor free.
                // A claim that waits for a stalled commit holds its lease's row: that one is left out, or it would hold up the leases of all shards. The table
                // is read once, and the rows are found again by their place: while somebody holds a snapshot open, it keeps every version of them.
                new($"""
                    WITH seen AS MATERIALIZED (SELECT ctid AS place, shard, owner = $1 AS is_mine FROM {segments.Schema}.leases WHERE owner = $1 OR {Free("$2")}),
                    mine AS (
                        SELECT ctid AS place FROM {segments.Schema}.leases
                        WHERE ctid = ANY(ARRAY(SELECT place FROM seen WHERE is_mine)) AND owner = $1 FOR UPDATE SKIP LOCKED),
                    renewed AS (
                        UPDATE {segments.Schema}.leases SET lease_until = clock_timestamp() + $2
                        WHERE ctid = ANY(ARRAY(SELECT place FROM mine)) AND owner = $1)
                    SELECT shard, is_mine FROM seen
                    """) { Parameters = { new() { Value = owner }, Lease() } },
                new($"""
                    SELECT count(*), coalesce(bit_xor(hashtextextended(instance, 0)), 0) FROM {segments.Schema}.instances
                    WHERE alive_until > clock_timestamp() AND alive_until <= clock_timestamp() + 2 * $1
                    """) { Parameters = { Lease() } },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var (mine, free) = (new HashSet<int>(), new HashSet<int>());
        while (await reader.ReadAsync(cancellationToken))
        {
            (reader.GetBoolean(1) ? mine : free).Add(reader.GetInt32(0));
        }

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new LeaseView(mine, free, (int)reader.GetInt64(0), reader.GetInt64(1));
    }

    /// <summary>Gives up one shard, so that another instance can claim it at once.</summary>
    public async Task ReleaseAsync(int shard, string owner, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            $"UPDATE {segments.Schema}.leases SET owner = '', lease_until = '-infinity' WHERE shard = $1 AND owner = $2");
        command.Parameters.Add(new() { Value = shard });
        command.Parameters.Add(new() { Value = owner });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Leaves: gives up everything at once, so that others need not wait for the leases to end, and forgets who is long gone.</summary>
    public async Task LeaveAsync(string owner, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new($"UPDATE {segments.Schema}.leases SET owner = '', lease_until = '-infinity' WHERE owner = $1") { Parameters = { new() { Value = owner } } },
                new($"DELETE FROM {segments.Schema}.instances WHERE instance = $1 OR alive_until < clock_timestamp() - interval '1 day'")
                {
                    Parameters = { new() { Value = owner } },
                },
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    internal static int Seconds(TimeSpan time) => Math.Max(1, (int)Math.Ceiling(time.TotalSeconds));

    private static string Free(string leaseTime) =>
        $"(lease_until < clock_timestamp() OR lease_until > clock_timestamp() + 2 * {leaseTime})";

    private NpgsqlParameter Lease() => new() { Value = options.LeaseTime, NpgsqlDbType = NpgsqlDbType.Interval };
}
