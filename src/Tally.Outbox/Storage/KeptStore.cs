using Npgsql;
using Tally.Outbox.Schema;

namespace Tally.Outbox.Storage;

/// <summary>What the tables say of a shard, whoever owns it.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Backlog">Results that are stored and not noted as relayed.</param>
/// <param name="BacklogAge">How old the oldest of them is, by the database's clock; zero when there is none.</param>
/// <param name="Kept">Results that retention has not dropped.</param>
/// <param name="Segments">Segments that exist, those made ahead included.</param>
/// <param name="Bytes">What the segments take on the database's disk.</param>
internal sealed record KeptShard(int Shard, long Backlog, TimeSpan BacklogAge, long Kept, long Segments, long Bytes);

/// <summary>Looks at what is kept: this is also seen when no relay runs, and of shards that nobody owns.</summary>
internal sealed class KeptStore(NpgsqlDataSource dataSource, SegmentStore segments)
{
    public async Task<IReadOnlyList<KeptShard>> ReadAsync(int shards, CancellationToken cancellationToken)
    {
        // Sequences have no gaps, so the batch with the first result that isn't relayed is the last one that begins at or before it.
        var ends = string.Join(" UNION ALL ", Enumerable.Range(0, shards).Select(shard => $"""
            SELECT p.shard, greatest(p.relayed, t.last_sequence) AS relayed, coalesce(t.last_sequence, 0) AS trimmed,
                   coalesce((SELECT last_sequence FROM {segments.BatchesOf(shard)} ORDER BY first_sequence DESC LIMIT 1), t.last_sequence, 0) AS last,
                   (SELECT committed_at FROM {segments.BatchesOf(shard)} WHERE first_sequence <= greatest(p.relayed, t.last_sequence) + 1
                    ORDER BY first_sequence DESC LIMIT 1) AS oldest
            FROM {segments.Schema}.progress p LEFT JOIN {segments.Schema}.trimmed t USING (shard) WHERE p.shard = {shard}
            """));
        await using var command = dataSource.CreateCommand(
            $"""
            SELECT e.shard, greatest(e.last - e.relayed, 0),
                   CASE WHEN e.last > e.relayed THEN greatest(extract(epoch FROM clock_timestamp() - e.oldest), 0)::double precision ELSE 0 END,
                   e.last - e.trimmed, s.segments, s.bytes
            FROM ({ends}) e
            CROSS JOIN LATERAL (
                SELECT count(*) AS segments, coalesce(sum(pg_total_relation_size(i.inhrelid)), 0)::bigint AS bytes
                FROM pg_inherits i WHERE i.inhparent = ('{segments.Schema}.outbox_batches_' || e.shard)::regclass) s
            ORDER BY e.shard
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var kept = new List<KeptShard>(shards);
        while (await reader.ReadAsync(cancellationToken))
        {
            kept.Add(new KeptShard(
                reader.GetInt32(0), reader.GetInt64(1), TimeSpan.FromSeconds(reader.GetDouble(2)), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5)));
        }

        return kept;
    }
}
