using Npgsql;
using NpgsqlTypes;
using Tally.Outbox.Schema;

namespace Tally.Outbox.Trimming;

/// <summary>What a segment holds that is to be dropped.</summary>
/// <param name="Count">How many results there are in it.</param>
/// <param name="Last">Its last result; 0 when there is none.</param>
/// <param name="Epoch">The epoch of that.</param>
/// <param name="State">The application's state after that.</param>
internal sealed record SegmentContent(long Count, long Last, long Epoch, byte[] State);

/// <summary>What retention asks before a segment goes.</summary>
/// <param name="Retention">How long Kafka must have had it; null when the shard takes too much room to wait.</param>
/// <param name="Named">Who must have confirmed it beside those that ever did.</param>
/// <param name="NeedsConsumer">Whether anybody at all must have confirmed something.</param>
internal sealed record TrimRules(TimeSpan? Retention, string[] Named, bool NeedsConsumer);

/// <summary>What was trimmed, and whether more may be.</summary>
internal sealed class TrimStore(NpgsqlDataSource dataSource, SegmentStore segments)
{
    private const int LockTimeoutSeconds = 2;

    // A large segment whose calls came one at a time is read from disk as a whole.
    private const int CountTimeoutSeconds = 600;

    /// <summary>What retention took from a shard.</summary>
    public async Task<OutboxTrim> ReadAsync(int shard, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand($"SELECT last_sequence, count, epoch, state FROM {segments.Schema}.trimmed WHERE shard = $1");
        command.Parameters.Add(new() { Value = shard });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new OutboxTrim(shard, reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetFieldValue<byte[]>(3))
            : new OutboxTrim(shard, LastSequence: 0, Count: 0, Epoch: 0, State: null);
    }

    /// <summary>Notes which segments Kafka has all of. Retention counts from the first time.</summary>
    public async Task NoteRelayedAsync(int shard, IEnumerable<long> candidates, long segmentSize, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            $"""
            INSERT INTO {segments.Schema}.relayed_segments (shard, segment)
            SELECT $1, behind.segment
            FROM unnest($2) AS behind(segment) JOIN {segments.Schema}.progress p ON p.shard = $1 AND p.relayed >= (behind.segment + 1) * $3
            ON CONFLICT DO NOTHING
            """);
        command.Parameters.Add(new() { Value = shard });
        command.Parameters.Add(new() { Value = candidates.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        command.Parameters.Add(new() { Value = segmentSize });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Whether a segment may go now, as far as can be said without a lock.</summary>
    public async Task<bool> IsDueAsync(
        int shard, long segment, long segmentSize, string owner, TrimRules rules, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand($"SELECT {Due(shard, segment)}");
        AddRules(command, shard, segment, segmentSize, owner, rules);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    /// <summary>Counts a segment. Nobody adds to it any more, so it stays as it is.</summary>
    public async Task<SegmentContent> ReadContentAsync(int shard, long segment, CancellationToken cancellationToken)
    {
        var table = segments.SegmentName(shard, segment);
        await using var command = dataSource.CreateCommand(
            $"""
            SELECT (SELECT sum(last_sequence - first_sequence + 1)::bigint FROM {table}), last_sequence, epoch, state
            FROM {table} ORDER BY first_sequence DESC LIMIT 1
            """);
        command.CommandTimeout = CountTimeoutSeconds;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new SegmentContent(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetFieldValue<byte[]>(3))
            : new SegmentContent(Count: 0, Last: 0, Epoch: 0, State: []);
    }

    /// <summary>
    /// Writes down that a segment is gone, with what it held, unless something has changed that keeps it: then false. From this commit on readers ignore it,
    /// so that it doesn't matter when the table itself goes, nor how often that is tried.
    /// </summary>
    public async Task<bool> TrimAsync(
        int shard, long segment, long segmentSize, SegmentContent content, string owner, TrimRules rules, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Who wishes for a rewind locks this row, too: the wish is either seen below, or finds its results trimmed.
        await using var locked = new NpgsqlCommand(
            $"SET LOCAL lock_timeout = '{LockTimeoutSeconds}s'; SELECT 1 FROM {segments.Schema}.progress WHERE shard = {shard} FOR UPDATE", connection);
        await locked.ExecuteNonQueryAsync(cancellationToken);
        await using var trim = new NpgsqlCommand(
            $"""
            INSERT INTO {segments.Schema}.trimmed AS t (shard, last_sequence, count, epoch, state)
            SELECT $1, $3, coalesce((SELECT count FROM {segments.Schema}.trimmed WHERE shard = $1), 0) + $8, $9, $10
            WHERE {Due(shard, segment)}
            ON CONFLICT (shard) DO UPDATE
            SET last_sequence = excluded.last_sequence, count = excluded.count, epoch = excluded.epoch, state = excluded.state, trimmed_at = clock_timestamp()
            WHERE t.last_sequence < excluded.last_sequence
            """,
            connection);
        AddRules(trim, shard, segment, segmentSize, owner, rules);
        trim.Parameters.Add(new() { Value = content.Count });
        trim.Parameters.Add(new() { Value = content.Epoch });
        trim.Parameters.Add(new() { Value = content.State });
        var trimmed = await trim.ExecuteNonQueryAsync(cancellationToken) == 1;
        if (trimmed)
        {
            await using var forget = new NpgsqlCommand(
                $"DELETE FROM {segments.Schema}.relayed_segments WHERE shard = {shard} AND segment <= {segment}", connection);
            await forget.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return trimmed;
    }

    /// <summary>
    /// Everything that must hold, in one expression: relayed, in nobody's rewind, not with the shard's last batch, ours, old enough, and confirmed with
    /// both epoch and sequence, since a consumer of a history that was lost is only further, not there.
    /// </summary>
    private string Due(int shard, long segment) =>
        $"""
        (EXISTS (SELECT 1 FROM {segments.Schema}.progress p WHERE p.shard = $1 AND p.relayed >= $3 AND (p.rewind_from > $3 OR p.rewind_from IS NULL))
        AND EXISTS (SELECT 1 FROM {segments.BatchesOf(shard)} WHERE first_sequence > $3)
        AND EXISTS (SELECT 1 FROM {segments.Schema}.leases l WHERE l.shard = $1 AND l.owner = $4 AND l.lease_until > clock_timestamp())
        AND ($5 IS NULL OR EXISTS (
            SELECT 1 FROM {segments.Schema}.relayed_segments r WHERE r.shard = $1 AND r.segment = $2 AND r.relayed_at <= clock_timestamp() - $5))
        AND (NOT $7 OR EXISTS (SELECT 1 FROM {segments.Schema}.consumers))
        AND NOT EXISTS (
            SELECT 1 FROM (SELECT c.consumer FROM {segments.Schema}.consumers c UNION SELECT unnest($6)) asked
            WHERE NOT EXISTS (
                SELECT 1 FROM {segments.Schema}.consumers c
                WHERE c.consumer = asked.consumer AND c.shard = $1 AND {Held(shard, segment)})))
        """;

    private string Held(int shard, long segment) => Sabotage.Is(Sabotage.TrimUnconfirmed)
        ? "true"
        : $"c.sequence >= $3 AND c.epoch >= (SELECT b.epoch FROM {segments.SegmentName(shard, segment)} b ORDER BY b.first_sequence DESC LIMIT 1)";

    private static void AddRules(NpgsqlCommand command, int shard, long segment, long segmentSize, string owner, TrimRules rules)
    {
        command.Parameters.Add(new() { Value = shard });
        command.Parameters.Add(new() { Value = segment });
        command.Parameters.Add(new() { Value = SegmentStore.EndOf(segment, segmentSize) });
        command.Parameters.Add(new() { Value = owner });
        command.Parameters.Add(new() { Value = (object?)rules.Retention ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Interval });
        command.Parameters.Add(new() { Value = rules.Named, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = rules.NeedsConsumer });
    }
}
