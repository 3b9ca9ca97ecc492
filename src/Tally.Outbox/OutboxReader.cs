using System.Runtime.CompilerServices;
using Npgsql;
using Tally.Outbox.Schema;
using Tally.Outbox.Storage;
using Tally.Outbox.Trimming;

namespace Tally.Outbox;

/// <summary>How far a shard is.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Epoch">The epoch of the last committed result; 0 while the shard is empty.</param>
/// <param name="Sequence">The last committed result; 0 while the shard is empty.</param>
/// <param name="State">The application's state after it; null while the shard is empty.</param>
/// <param name="Relayed">The highest sequence that Kafka acknowledged without a gap below it, as last noted.</param>
/// <param name="Owner">The instance that holds the lease; empty when nobody does.</param>
/// <param name="RewindingFrom">The sequence from which the shard is to be published again, and isn't wholly yet; 0 when no such wish is open.</param>
/// <param name="TrimmedTo">The last result that retention dropped; 0 when it dropped none. What lies at or below it can't be read or published again.</param>
public sealed record OutboxShardPosition(
    int Shard, long Epoch, long Sequence, ReadOnlyMemory<byte>? State, long Relayed, string Owner, long RewindingFrom = 0, long TrimmedTo = 0);

/// <summary>A place in a shard's history, with what was stored there.</summary>
/// <param name="Sequence">The sequence; 0 is the place before the first result.</param>
/// <param name="Epoch">The epoch in which it was committed; 0 at sequence 0.</param>
/// <param name="State">The application's state after it; null at sequence 0.</param>
public sealed record OutboxBranch(long Sequence, long Epoch, ReadOnlyMemory<byte>? State);

/// <summary>A stored message.</summary>
/// <param name="Sequence">Its place within the shard.</param>
/// <param name="Payload">The value of the Kafka message.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Epoch">The epoch in which it was committed.</param>
public readonly record struct StoredMessage(long Sequence, ReadOnlyMemory<byte> Payload, string Topic, long Epoch);

/// <summary>Reads an outbox from outside: for checks, tools and answers about positions. Takes no part in writing or relaying.</summary>
public sealed class OutboxReader
{
    private const int BatchesPerRead = 500;

    private readonly NpgsqlDataSource _dataSource;
    private readonly SegmentStore _segments;
    private readonly BatchStore _batches;
    private readonly TrimStore _trims;
    private readonly SegmentTables _tables;

    /// <summary>Reads the outbox in a schema.</summary>
    /// <param name="dataSource">The database; the reader doesn't dispose it.</param>
    /// <param name="schema">The schema; see <see cref="OutboxOptions.Schema"/>.</param>
    public OutboxReader(NpgsqlDataSource dataSource, string schema = "outbox")
    {
        _dataSource = dataSource;
        _segments = new SegmentStore(dataSource, new OutboxOptions { Schema = schema });
        _batches = new BatchStore(dataSource, _segments);
        _trims = new TrimStore(dataSource, _segments);
        _tables = new SegmentTables(dataSource, _segments, hasSessions: false);
    }

    /// <summary>The outbox's identity.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Guid> GetSystemAsync(CancellationToken cancellationToken = default) => (await GetIdentityAsync(cancellationToken)).System;

    internal async Task<OutboxIdentity> GetIdentityAsync(CancellationToken cancellationToken)
    {
        await using var command = _dataSource.CreateCommand($"SELECT id, shards, segment_size FROM {_segments.Schema}.system");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new OutboxIdentity(reader.GetGuid(0), reader.GetInt32(1), reader.GetInt64(2));
    }

    /// <summary>How far all shards are, in their order.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<OutboxShardPosition>> GetPositionsAsync(CancellationToken cancellationToken = default)
    {
        var shards = (await GetIdentityAsync(cancellationToken)).Shards;

        // A shard's own table by name, each: over the partitioned one the planner would look at every segment of every shard.
        var last = string.Join(" UNION ALL ", Enumerable.Range(0, shards).Select(shard =>
            $"(SELECT shard, epoch, last_sequence, state FROM {_segments.BatchesOf(shard)} ORDER BY first_sequence DESC LIMIT 1)"));
        await using var command = _dataSource.CreateCommand(
            $"""
            SELECT p.shard, b.epoch, b.last_sequence, b.state, p.relayed,
                   CASE WHEN l.lease_until > clock_timestamp() THEN l.owner ELSE '' END, coalesce(p.rewind_from, 0), coalesce(t.last_sequence, 0)
            FROM {_segments.Schema}.progress p
            JOIN {_segments.Schema}.leases l USING (shard)
            LEFT JOIN {_segments.Schema}.trimmed t USING (shard)
            LEFT JOIN ({last}) b USING (shard)
            ORDER BY p.shard
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var positions = new List<OutboxShardPosition>(shards);
        while (await reader.ReadAsync(cancellationToken))
        {
            var isEmpty = await reader.IsDBNullAsync(1, cancellationToken);
            positions.Add(new OutboxShardPosition(
                reader.GetInt32(0),
                isEmpty ? 0 : reader.GetInt64(1),
                isEmpty ? 0 : reader.GetInt64(2),
                isEmpty ? null : reader.GetFieldValue<byte[]>(3),
                reader.GetInt64(4),
                reader.GetString(5),
                reader.GetInt64(6),
                reader.GetInt64(7)));
        }

        return positions;
    }

    /// <summary>What retention dropped of a shard: what is read from it goes on behind that.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<OutboxTrim> GetTrimmedAsync(int shard, CancellationToken cancellationToken = default) => _trims.ReadAsync(shard, cancellationToken);

    /// <summary>
    /// A shard's messages in order, as far as they are there: behind what retention dropped (<see cref="GetTrimmedAsync"/>), and also from segments that
    /// somebody detached by hand and that are still there. What is dropped while this reads is left out.
    /// </summary>
    /// <param name="shard">The shard.</param>
    /// <param name="fromSequence">The first sequence; 1 for all.</param>
    /// <param name="toSequence">The last sequence.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async IAsyncEnumerable<StoredMessage> ReadAsync(
        int shard, long fromSequence, long toSequence, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // In this order: what retention itself had detached by then is trimmed, and isn't looked for in a table that is about to go.
        var detached = await FindDetachedAsync(shard, cancellationToken);
        var trimmed = await _trims.ReadAsync(shard, cancellationToken);
        var next = Math.Max(fromSequence, trimmed.LastSequence + 1);
        while (next <= toSequence)
        {
            var before = next;
            var (table, end) = PlaceOf(shard, next, detached);
            await foreach (var batch in _batches.ReadAsync(table, next, Math.Min(end, toSequence), BatchesPerRead, cancellationToken))
            {
                // A result that is missing in between is left out, so that whoever counts finds it.
                for (next = Math.Max(next, batch.FirstSequence); next <= Math.Min(batch.LastSequence, toSequence); next++)
                {
                    yield return new StoredMessage(next, batch.Payloads[next - batch.FirstSequence], batch.Topic, batch.Epoch);
                }
            }

            if (next == before && end >= toSequence)
            {
                yield break;
            }

            next = next == before ? end + 1 : next;
        }
    }

    /// <summary>The segments that queries leave out since they aren't partitions, with their tables and what they can hold, in order.</summary>
    private async Task<List<(string Table, long First, long Last)>> FindDetachedAsync(int shard, CancellationToken cancellationToken)
    {
        var tables = await _tables.ListAsync(shard, withBytes: false, cancellationToken);
        if (tables.TrueForAll(static table => table is { IsAttached: true, IsDetaching: false }))
        {
            return [];
        }

        var size = (await GetIdentityAsync(cancellationToken)).SegmentSize;
        return [.. tables.Where(static table => !table.IsAttached || table.IsDetaching)
            .Select(table => (_segments.SegmentName(shard, table.Segment), SegmentStore.EndOf(table.Segment - 1, size) + 1, SegmentStore.EndOf(table.Segment, size)))];
    }

    /// <summary>The table that holds a sequence, and the last one that is to be looked for there.</summary>
    private (string Table, long End) PlaceOf(int shard, long sequence, List<(string Table, long First, long Last)> detached)
    {
        foreach (var (table, first, last) in detached.Where(aside => aside.Last >= sequence))
        {
            return first <= sequence ? (table, last) : (_segments.BatchesOf(shard), first - 1);
        }

        return (_segments.BatchesOf(shard), long.MaxValue);
    }

    /// <summary>One stored message.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="sequence">Its sequence.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null when there is none (any more).</returns>
    public async Task<StoredMessage?> FindAsync(int shard, long sequence, CancellationToken cancellationToken = default)
    {
        await foreach (var message in ReadAsync(shard, sequence, sequence, cancellationToken))
        {
            return message;
        }

        return null;
    }

    /// <summary>
    /// Where the history that an epoch belongs to ends here: the last result before the first commit of a higher epoch. Epochs only rise along a shard,
    /// so the place is found by halving.
    /// </summary>
    /// <param name="shard">The shard.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null when that place lies in what retention dropped: nobody can say any more where it was.</returns>
    public async Task<OutboxBranch?> FindBranchAsync(int shard, long epoch, CancellationToken cancellationToken = default)
    {
        var trimmed = await _trims.ReadAsync(shard, cancellationToken);
        if (trimmed.Epoch > epoch)
        {
            return null;
        }

        var found = new OutboxBranch(trimmed.LastSequence, trimmed.Epoch, trimmed.State);
        for (long low = trimmed.LastSequence + 1, high = long.MaxValue; low <= high;)
        {
            var middle = high == long.MaxValue ? high : low + ((high - low) / 2);
            var batch = await _batches.FindAsync(shard, middle, cancellationToken);
            if (batch?.Epoch > epoch)
            {
                high = batch.FirstSequence - 1;
                continue;
            }

            found = batch is null ? found : new OutboxBranch(batch.LastSequence, batch.Epoch, batch.State);
            if (middle == long.MaxValue)
            {
                break;
            }

            low = Math.Max(middle, batch?.LastSequence ?? 0) + 1;
        }

        return found;
    }
}
