using Tally.Outbox.Relaying;
using Tally.TestSupport;

namespace Tally.Outbox.Tests.Relaying;

public sealed class StallWatchTests
{
    private readonly ManualTime _time = new();
    private readonly object _stream = new();
    private readonly StallWatch _watch;

    public StallWatchTests() => _watch = new StallWatch(_time);

    [Fact]
    public void A_shard_whose_results_are_never_acknowledged_stands_still()
    {
        Assert.False(_watch.IsStalled(_stream, acknowledged: 3, published: 5));

        _time.Advance(StallWatch.Patience - TimeSpan.FromSeconds(1));
        Assert.False(_watch.IsStalled(_stream, acknowledged: 3, published: 9));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_watch.IsStalled(_stream, acknowledged: 3, published: 9));
    }

    [Theory]
    [InlineData(4, 5, false)]
    [InlineData(3, 3, false)]
    [InlineData(3, 5, true)]
    public void An_acknowledgement_an_idle_shard_and_a_new_producer_begin_the_time_anew(long acknowledged, long published, bool isNew)
    {
        Assert.False(_watch.IsStalled(_stream, acknowledged: 3, published: 5));
        _time.Advance(StallWatch.Patience);
        Assert.False(_watch.IsStalled(isNew ? new object() : _stream, acknowledged, published));

        _time.Advance(StallWatch.Patience - TimeSpan.FromSeconds(1));
        Assert.False(_watch.IsStalled(_stream, acknowledged, published + 5));
    }
}
