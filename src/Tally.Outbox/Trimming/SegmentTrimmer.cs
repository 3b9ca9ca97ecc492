using Npgsql;
using Tally.Outbox.Diagnostics;
using Tally.Outbox.Schema;

namespace Tally.Outbox.Trimming;

/// <summary>
/// Drops the segments that retention doesn't keep, of the shards that this instance owns, oldest first. Each goes in three steps, each of them durable:
/// what it held is committed to <c>trimmed</c>, it is detached, it is dropped. Nothing in memory says how far that is: every round begins with what an
/// earlier one, perhaps another instance's, left half-done.
/// </summary>
internal sealed class SegmentTrimmer(OutboxContext context, Func<IEnumerable<int>> owned)
{
    private const int LooksPerRetention = 60;
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromMinutes(1);

    private readonly SegmentTables _tables = new(context.DataSource, context.Segments, context.Options.PrepareStatements);
    private readonly ConsumerNames _consumers = ConsumerNames.Parse(context.Options.Consumers);
    private readonly HashSet<int> _damaged = [];

    /// <summary>How often to look.</summary>
    public static TimeSpan IntervalOf(OutboxOptions options) =>
        TimeSpan.FromTicks(Math.Clamp((options.Retention / LooksPerRetention).Ticks, ShortestInterval.Ticks, LongestInterval.Ticks));

    /// <summary>One round over all shards.</summary>
    public async Task TrimAsync(CancellationToken cancellationToken)
    {
        foreach (var shard in owned())
        {
            try
            {
                while (await TrimNextAsync(shard, cancellationToken))
                {
                    // There may be more that is old enough.
                }
            }
            catch (PostgresException held) when (SegmentTables.IsHeld(held))
            {
                Log.SegmentHeld(context.Logger, shard, held.MessageText);
            }
            catch (PostgresException refused)
            {
                // Perhaps somebody changed this shard's tables by hand. The others go on.
                Log.SegmentStays(context.Logger, shard, refused.MessageText);
            }
        }
    }

    /// <returns>False when there is nothing to be done in the shard now.</returns>
    private async Task<bool> TrimNextAsync(int shard, CancellationToken cancellationToken)
    {
        var size = context.Identity.SegmentSize;
        var trimmed = await context.Trims.ReadAsync(shard, cancellationToken);
        var tables = await _tables.ListAsync(shard, withBytes: context.Options.RetentionBytes > 0, cancellationToken);
        await RemoveAsync(shard, tables.Where(table => SegmentStore.EndOf(table.Segment, size) <= trimmed.LastSequence), cancellationToken);

        // Only behind it: a segment that somebody detached by hand stays where it is, and so do all that are newer.
        var rest = tables.Where(table => SegmentStore.EndOf(table.Segment, size) > trimmed.LastSequence).ToList();
        await context.Trims.NoteRelayedAsync(shard, rest.Select(table => table.Segment), size, cancellationToken);
        if (rest is not [{ IsAttached: true, IsDetaching: false, Segment: var oldest }, ..])
        {
            return false;
        }

        var isFull = context.Options.RetentionBytes > 0 && rest.Sum(table => table.Bytes) > context.Options.RetentionBytes;
        var rules = new TrimRules(isFull ? null : context.Options.Retention, _consumers.Named, _consumers.NeedsOne);
        if (!await context.Trims.IsDueAsync(shard, oldest, size, context.Instance, rules, cancellationToken))
        {
            return false;
        }

        var content = await context.Trims.ReadContentAsync(shard, oldest, cancellationToken);
        if (content.Count != size || content.Last != SegmentStore.EndOf(oldest, size))
        {
            // It is the evidence, and what is left of it can still be published.
            if (_damaged.Add(shard))
            {
                Log.SegmentDamaged(context.Logger, shard, oldest, content.Count, size);
            }

            return false;
        }

        if (!await context.Trims.TrimAsync(shard, oldest, size, content, context.Instance, rules, cancellationToken))
        {
            return false;
        }

        FaultPoint.Reach("segment.drop");
        Log.Trimmed(context.Logger, shard, content.Last);
        await RemoveAsync(shard, [tables.Single(table => table.Segment == oldest)], cancellationToken);
        return true;
    }

    /// <summary>Removes what is trimmed. Each step may be repeated, and be the first one that is left.</summary>
    private async Task RemoveAsync(int shard, IEnumerable<SegmentTable> tables, CancellationToken cancellationToken)
    {
        // PostgreSQL has one detaching a table under way at a time: what was begun goes first.
        foreach (var table in tables.OrderByDescending(table => table.IsDetaching).ThenBy(table => table.Segment))
        {
            if (table.IsAttached)
            {
                await _tables.DetachAsync(shard, table, cancellationToken);
                FaultPoint.Reach("segment.drop");
            }

            await _tables.DropAsync(shard, table.Segment, cancellationToken);
            FaultPoint.Reach("segment.drop");
        }
    }
}
