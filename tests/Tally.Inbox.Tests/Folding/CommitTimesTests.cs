using Tally.Inbox.Folding;

namespace Tally.Inbox.Tests.Folding;

public sealed class CommitTimesTests
{
    [Fact]
    public void A_small_fold_is_measured_whole()
    {
        var times = new CommitTimes();
        for (var i = 1; i <= 64; i++)
        {
            times.Add(i);
        }

        Assert.Equal(Enumerable.Range(1, 64).Select(i => (long)i), times.UnixMicros);
    }

    [Theory]
    [InlineData(65)]
    [InlineData(1000)]
    [InlineData(123_457)]
    public void Of_a_large_fold_every_nth_event_is_measured(int events)
    {
        var times = new CommitTimes();
        for (var i = 0; i < events; i++)
        {
            times.Add(1 + i);
        }

        Assert.InRange(times.UnixMicros.Count, 32, 64);
        var stride = times.UnixMicros[1] - times.UnixMicros[0];
        Assert.Equal(times.UnixMicros.Select((_, i) => 1 + (i * stride)), times.UnixMicros);
        Assert.InRange(times.UnixMicros[^1], events - stride + 1, events);
    }

    [Fact]
    public void Unknown_times_are_left_out()
    {
        var times = new CommitTimes();
        times.Add(0);

        Assert.Empty(times.UnixMicros);
    }
}
