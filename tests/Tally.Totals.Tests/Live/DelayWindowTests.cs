using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Tally.TestSupport;
using Tally.Totals.Live;

namespace Tally.Totals.Tests.Live;

public sealed class DelayWindowTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly DelayWindow _window;
    private readonly Histogram<double> _delay;

    public DelayWindowTests()
    {
        var meters = _services.GetRequiredService<IMeterFactory>();
        _window = new DelayWindow(meters, _time);
        _delay = meters.Create("Tally.Inbox").CreateHistogram<double>("tally.inbox.event.delay");
    }

    public void Dispose()
    {
        _window.Dispose();
        _services.Dispose();
    }

    [Fact]
    public void Half_and_99_of_100_took_no_longer_within_a_fifth()
    {
        _window.Start();
        for (var i = 1; i <= 1000; i++)
        {
            _delay.Record(i / 1000.0);
        }

        var read = _window.Read()!;

        Assert.InRange(read.P50, 500, 600);
        Assert.InRange(read.P99, 990, 1190);
    }

    [Fact]
    public void What_is_older_than_ten_seconds_counts_no_more()
    {
        _window.Start();
        _delay.Record(5);
        _time.Advance(TimeSpan.FromSeconds(9));
        _delay.Record(0.001);
        Assert.True(_window.Read()!.P99 > 1000);

        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(_window.Read()!.P99 < 2);

        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(_window.Read());
    }

    [Fact]
    public void Nothing_is_recorded_while_nobody_watches()
    {
        _delay.Record(1);
        Assert.Null(_window.Read());
        Assert.False(_delay.Enabled);

        _window.Start();
        _window.Stop();
        Assert.False(_delay.Enabled);
    }
}
