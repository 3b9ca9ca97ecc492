using Tally.Inbox.Auditing;

namespace Tally.Inbox.Tests.Auditing;

/// <summary>When the next event of a shard counts as lost, without a clock.</summary>
public sealed class ShardAuditTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly ShardAudit _audit = new();

    [Fact]
    public void Only_what_was_relayed_and_stands_still_for_the_grace_time()
    {
        Assert.False(MayBeLost(0, held: 5, relayed: 7));
        Assert.False(MayBeLost(9, held: 5, relayed: 8));
        Assert.True(MayBeLost(10, held: 5, relayed: 9));
    }

    [Fact]
    public void Moving_begins_the_grace_time_anew()
    {
        Assert.False(MayBeLost(0, held: 5, relayed: 7));
        Assert.False(MayBeLost(10, held: 6, relayed: 7));
        Assert.False(MayBeLost(19, held: 6, relayed: 7));
        Assert.True(MayBeLost(20, held: 6, relayed: 7));
    }

    [Fact]
    public void A_drain_of_an_hour_is_no_loss()
    {
        for (var second = 0; second < 3600; second += 5)
        {
            Assert.False(MayBeLost(second, held: second * 100_000L, relayed: 400_000_000));
        }
    }

    [Fact]
    public void While_a_rewind_is_under_way_nothing_is_lost_and_afterwards_the_grace_time_begins_anew()
    {
        Assert.False(MayBeLost(0, held: 5, relayed: 7));
        Assert.True(MayBeLost(10, held: 5, relayed: 7));
        _audit.Asked(TimeSpan.FromSeconds(10));
        Assert.False(MayBeLost(15, held: 5, relayed: 7));
        Assert.False(MayBeLost(300, held: 5, relayed: 7, rewindingFrom: 6));
        Assert.False(MayBeLost(305, held: 5, relayed: 7));
        Assert.False(MayBeLost(314, held: 5, relayed: 7));
        Assert.True(MayBeLost(315, held: 5, relayed: 7));
    }

    [Fact]
    public void What_was_not_relayed_for_long_is_not_lost_the_moment_it_is()
    {
        Assert.False(MayBeLost(0, held: 5, relayed: 5));
        Assert.False(MayBeLost(500, held: 5, relayed: 6));
        Assert.False(MayBeLost(509, held: 5, relayed: 6));
        Assert.True(MayBeLost(510, held: 5, relayed: 6));
    }

    private bool MayBeLost(int second, long held, long relayed, long rewindingFrom = 0) =>
        _audit.MayBeLost(TimeSpan.FromSeconds(second), Grace, 0, held, new SourceShard(0, 1, relayed, relayed, rewindingFrom));
}
