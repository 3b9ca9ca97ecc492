using Tally.Outbox.Relaying;
using Tally.Outbox.Schema;

namespace Tally.Outbox;

/// <summary>Makes the segments that the shards of this instance will need next, so that no writer has to wait for one.</summary>
internal sealed class SegmentAhead(OutboxContext context, IReadOnlyList<ShardRelay> relays)
{
    private readonly Dictionary<int, long> _ready = [];

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        foreach (var relay in relays.Where(relay => relay.Pending is not null))
        {
            var size = context.Identity.SegmentSize;
            var wanted = SegmentStore.SegmentOf(relay.Committed + 1, size) + SegmentStore.Ahead;
            if (!_ready.TryGetValue(relay.Shard, out var ready))
            {
                ready = await context.Segments.ReadLastAsync(relay.Shard, cancellationToken);
            }

            for (; ready < wanted; ready++)
            {
                await context.Segments.EnsureAsync(relay.Shard, ready + 1, size, cancellationToken);
            }

            _ready[relay.Shard] = ready;
        }
    }
}
