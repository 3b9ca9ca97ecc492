using Tally.AppHost.Proof;

namespace Tally.AppHost.Tests.Proof;

public sealed class TotalsSourceTests
{
    [Fact]
    public void What_only_one_instance_knows_is_in_what_all_say()
    {
        var one = new TotalsStatus { DuplicatesSuppressed = 2, Quarantined = 1, Shards = [Shard(0), Shard(1)] };
        var other = new TotalsStatus { DuplicatesSuppressed = 3, Gaps = 1, Quarantined = 1, Shards = [Shard(0), Shard(1, "gap"), Shard(2, "fork")] };

        var both = TotalsSource.Together([one, other]);

        Assert.Equal((5, 1, 1), (both.DuplicatesSuppressed, both.Gaps, both.Quarantined));
        Assert.Equal([(0, "ok"), (1, "gap"), (2, "fork")], both.Shards.Select(shard => (shard.Shard, shard.State)));
    }

    private static TotalsShard Shard(int shard, string state = "ok") =>
        new() { Shard = shard, Epoch = 1, Sequence = 1, Count = 1, Total = default, State = state };
}
