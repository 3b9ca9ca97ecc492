using Microsoft.Extensions.Options;
using Npgsql;
using Tally.Inbox;

namespace Tally.Totals.Sums;

/// <summary>Keeps each single result, when that is asked for.</summary>
internal sealed class History(IOptions<TotalsOptions> options, IOptions<InboxOptions> inbox, ILogger<History> logger)
{
    public bool HasTable => options.Value.History == HistoryKind.Table;

    /// <summary>What collects a fold's results, or null.</summary>
    public FoldCompanion<Sum>? Begin() => options.Value.History switch
    {
        HistoryKind.Table => new HistoryRows(),
        HistoryKind.Log => new HistoryLines(logger),
        _ => null,
    };

    public void Prepare(NpgsqlTransaction transaction)
    {
        if (!HasTable)
        {
            Interrupt(transaction);
            return;
        }

        // The key makes it impossible to store a result twice, whatever goes wrong above. What was folded while no table was kept is noted once, when
        // keeping it begins: from then on both together must be the total. Nothing is folded meanwhile by this instance; one that runs at the same
        // time without a table leaves results out, and the comparison says so.
        using var command = new NpgsqlCommand(
            $"""
            CREATE SCHEMA IF NOT EXISTS totals;
            CREATE TABLE IF NOT EXISTS totals.totals_history (
              shard int NOT NULL,
              sequence bigint NOT NULL,
              epoch bigint NOT NULL,
              value numeric NOT NULL,
              committed_at timestamptz NOT NULL,
              PRIMARY KEY (shard, sequence, epoch));
            CREATE TABLE IF NOT EXISTS totals.history_before (
              shard int PRIMARY KEY,
              count bigint NOT NULL,
              sum numeric NOT NULL);
            CREATE TABLE IF NOT EXISTS totals.history_state (
              one boolean PRIMARY KEY DEFAULT true CHECK (one),
              is_kept boolean NOT NULL);
            INSERT INTO totals.history_before (shard, count, sum)
              SELECT p.shard, p.count + coalesce(a.count, 0) - coalesce(h.count, 0),
                     convert_from(p.state, 'UTF8')::numeric + coalesce(a.sum, 0) - coalesce(h.sum, 0)
              FROM "{inbox.Value.Schema}".positions p
              LEFT JOIN (SELECT shard, sum(count) AS count, sum(convert_from(state, 'UTF8')::numeric) AS sum FROM "{inbox.Value.Schema}".adopted GROUP BY shard) a USING (shard)
              LEFT JOIN (SELECT shard, count(*) AS count, sum(value) AS sum FROM totals.totals_history GROUP BY shard) h USING (shard)
              WHERE NOT EXISTS (SELECT 1 FROM totals.history_state WHERE is_kept)
              ON CONFLICT (shard) DO UPDATE SET count = excluded.count, sum = excluded.sum;
            INSERT INTO totals.history_state (is_kept) VALUES (true) ON CONFLICT (one) DO UPDATE SET is_kept = true;
            """,
            transaction.Connection,
            transaction);
        command.ExecuteNonQuery();
    }

    /// <summary>How many results the table holds, and their sum; then the same of the results that were folded while no table was kept.</summary>
    public static async Task<((long Count, Amount Sum) Results, (long Count, Amount Sum) Before)> CountAsync(
        NpgsqlTransaction snapshot, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT h.count, h.sum::text, b.count, b.sum::text
            FROM (SELECT count(*) AS count, coalesce(sum(value), 0) AS sum FROM totals.totals_history) h,
                 (SELECT coalesce(sum(count), 0)::bigint AS count, coalesce(sum(sum), 0) AS sum FROM totals.history_before) b
            """,
            snapshot.Connection,
            snapshot);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (Read(0), Read(2));

        (long, Amount) Read(int at) => (reader.GetInt64(at), StoredAmount.Load(reader.GetString(at + 1)));
    }

    /// <summary>From here on results are missing in the table, if there is one: the next start that keeps it notes how many.</summary>
    private static void Interrupt(NpgsqlTransaction transaction)
    {
        using var command = new NpgsqlCommand(
            """
            DO $$ BEGIN
              IF to_regclass('totals.history_state') IS NOT NULL THEN UPDATE totals.history_state SET is_kept = false; END IF;
            END $$
            """,
            transaction.Connection,
            transaction);
        command.ExecuteNonQuery();
    }
}
