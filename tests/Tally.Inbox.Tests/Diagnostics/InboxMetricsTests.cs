using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Tally.Inbox.Diagnostics;

namespace Tally.Inbox.Tests.Diagnostics;

/// <summary>Names, units and values are what dashboards are made of.</summary>
public sealed class InboxMetricsTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _listener = new();
    private readonly List<string> _seen = [];
    private readonly InboxMetrics _metrics;

    public InboxMetricsTests()
    {
        _metrics = new InboxMetrics(_services.GetRequiredService<IMeterFactory>(), TimeProvider.System);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == _services.GetRequiredService<IMeterFactory>())
            {
                Assert.Equal(InboxMeter.Name, instrument.Meter.Name);
                Assert.False(string.IsNullOrEmpty(instrument.Description));
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => See(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => See(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => See(instrument, value > 1e6 ? "long ago" : value, tags));
        _listener.Start();
    }

    [Fact]
    public void A_commit_is_measured_with_its_events()
    {
        _metrics.Committed(12, TimeSpan.FromMilliseconds(250), [1_000_000]);

        Assert.Equal(
            ["tally.inbox.events.applied {event} 12", "tally.inbox.fold.duration s 0.25", "tally.inbox.fold.events {event} 12", "tally.inbox.event.delay s long ago"],
            _seen);
    }

    [Fact]
    public void What_is_not_folded_is_counted()
    {
        _metrics.Duplicate();
        _metrics.Quarantined();
        _metrics.Forked();
        _metrics.Collided();

        Assert.Equal(
            [
                "tally.inbox.events.duplicate {event} 1", "tally.inbox.events.quarantined {event} 1", "tally.inbox.forks {fork} 1",
                "tally.inbox.fold.collisions {fold} 1",
            ],
            _seen);
        Assert.Equal(1, _metrics.DuplicatesTotal);
    }

    [Fact]
    public void The_state_is_seen_when_it_is_asked_for()
    {
        _metrics.Status = new InboxStatus(null, 0, 5, [0, 1], [new(3, ShardTroubleKind.Gap, ""), new(4, ShardTroubleKind.Fork, ""), new(5, ShardTroubleKind.Gap, "")]);
        _metrics.SetLags([new(0, 17), new(1, 0)]);

        _listener.RecordObservableInstruments();

        Assert.Equal(
            [
                "tally.inbox.events.set_aside {event} 5", "tally.inbox.gaps {shard} 2", "tally.inbox.lag {event} 0 tally.partition=1",
                "tally.inbox.lag {event} 17 tally.partition=0", "tally.inbox.ready {inbox} 1", "tally.inbox.shards.stopped {shard} 1",
            ],
            _seen.Order(StringComparer.Ordinal));
    }

    public void Dispose()
    {
        _listener.Dispose();
        _metrics.Dispose();
        _services.Dispose();
    }

    private void See(Instrument instrument, object value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = $"{instrument.Name} {instrument.Unit} {value}";
        foreach (var (name, content) in tags)
        {
            text += $" {name}={content}";
        }

        _seen.Add(text);
    }
}
