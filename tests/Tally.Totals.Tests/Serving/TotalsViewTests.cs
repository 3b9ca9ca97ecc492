using Tally.Inbox;
using Tally.TestSupport;
using Tally.Totals.Serving;

namespace Tally.Totals.Tests.Serving;

public sealed class TotalsViewTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private readonly TotalsView _view = new(TimeProvider.System);

    [Fact]
    public void The_total_is_that_of_all_shards_from_either_source()
    {
        _view.UpdateFromDatabase([At(0, 1, 5, 10), At(3, 1, 2, 7)], 0);
        _view.Update([At(0, 1, 6, 12)]);

        var (total, _) = _view.Read();

        Assert.Equal(("19", 8), (total.Total.ToString(), total.Count));
    }

    [Fact]
    public void What_is_older_changes_nothing()
    {
        _view.Update([At(0, 2, 6, 12)]);
        _view.UpdateFromDatabase([At(0, 1, 5, 10)], 0);

        Assert.Equal("12", _view.Read().Total.Total.ToString());
    }

    [Fact]
    public void A_higher_generation_counts_though_its_sequence_is_lower()
    {
        _view.Update([At(0, 2, 6, 12)]);
        _view.Update([At(0, 9, 4, 11) with { Generation = 1 }]);

        Assert.Equal("11", _view.Read().Total.Total.ToString());
    }

    [Fact]
    public void What_the_inbox_loaded_replaces_all()
    {
        _view.Update([At(0, 2, 6, 12), At(1, 1, 1, 1)]);
        _view.Reset([At(0, 1, 5, 10)]);

        Assert.Equal("10", _view.Read().Total.Total.ToString());
    }

    [Fact]
    public async Task Who_waits_is_woken_when_all_its_positions_are_reached()
    {
        var waiting = _view.ReachAsync([new(0, 1, 5), new(1, 0, 2)], CancellationToken.None);

        _view.Update([At(0, 1, 5, 10)]);
        Assert.False(waiting.IsCompleted);
        _view.Update([At(1, 1, 2, 3)]);

        await waiting.Within(Soon);
        Assert.False(_view.HasWaiters);
    }

    [Fact]
    public async Task A_position_is_reached_when_both_epoch_and_sequence_are()
    {
        _view.Update([At(0, 2, 6, 12)]);

        await _view.ReachAsync([], CancellationToken.None).Within(Soon);
        await _view.ReachAsync([new(0, 1, 6)], CancellationToken.None).Within(Soon);
        await _view.ReachAsync([new(0, 2, 6), new(5, 0, 0)], CancellationToken.None).Within(Soon);
        Assert.False(_view.ReachAsync([new(0, 3, 6)], CancellationToken.None).IsCompleted);
        Assert.False(_view.ReachAsync([new(0, 1, 7)], CancellationToken.None).IsCompleted);
        Assert.False(_view.ReachAsync([new(4, 0, 1)], CancellationToken.None).IsCompleted);
    }

    [Fact]
    public async Task Who_gives_up_waiting_is_forgotten()
    {
        using var patience = new CancellationTokenSource();
        var waiting = _view.ReachAsync([new(0, 1, 5)], patience.Token);
        Assert.True(_view.HasWaiters);

        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Within(Soon));
        Assert.False(_view.HasWaiters);
    }

    [Fact]
    public void A_change_is_told_only_when_there_is_one()
    {
        _view.Update([At(0, 1, 5, 10)]);
        var (_, changed) = _view.Read();

        _view.Update([At(0, 1, 5, 10)]);
        Assert.False(changed.IsCompleted);
        _view.Update([At(0, 1, 6, 10)]);
        Assert.True(changed.IsCompleted);
    }

    [Fact]
    public void Nothing_known_is_as_old_as_can_be() => Assert.Equal(TimeSpan.MaxValue, _view.Age);

    private static ShardPosition<Amount> At(int shard, long epoch, long sequence, long total) =>
        new(shard, 0, epoch, sequence, sequence, Amount.FromUnits((Int128)total * 1_000_000_000));
}
