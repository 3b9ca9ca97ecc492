using Tally.Inbox;

namespace Tally.Totals.Serving;

/// <summary>The total at one moment, in ascending order of the shards.</summary>
internal sealed record TotalSnapshot(IReadOnlyList<ShardPosition<Amount>> Shards)
{
    /// <summary>Everything that callers were promised: what the shards hold, and what they held of histories that were given up.</summary>
    public Amount Total => Shards.Aggregate(AdoptedSum, static (sum, shard) => sum + shard.State);

    public long Count => AdoptedCount + Shards.Sum(static shard => shard.Count);

    public Amount AdoptedSum => Shards.SelectMany(static shard => shard.Adopted).Aggregate(Amount.Zero, static (sum, branch) => sum + branch.State);

    public long AdoptedCount => Shards.SelectMany(static shard => shard.Adopted).Sum(static branch => branch.Count);
}
