using System.Diagnostics.Metrics;
using Tally.Inbox;

namespace Tally.Totals.Live;

/// <summary>
/// How long results took from their commit to the total, over the last seconds. Listens to the inbox's own measurements, and only while somebody watches.
/// </summary>
internal sealed class DelayWindow(IMeterFactory meters, TimeProvider time) : IDisposable
{
    private const int Seconds = 10;
    private const string Instrument = "tally.inbox.event.delay";

    // Each bucket's bound is a quarter of a power of two above the one before: from a tenth of a millisecond to half an hour.
    private const int Buckets = 100;
    private const double BucketsPerDoubling = 4;
    private const double Lowest = 0.0001;

    private readonly Lock _gate = new();
    private readonly long[][] _counts = [.. Enumerable.Range(0, Seconds).Select(static _ => new long[Buckets])];
    private readonly long[] _secondOf = new long[Seconds];
    private MeterListener? _listener;

    /// <summary>Begins to listen, with nothing known.</summary>
    public void Start()
    {
        lock (_gate)
        {
            Array.Clear(_secondOf);
            _listener ??= Listen();
        }
    }

    /// <summary>Listens no longer.</summary>
    public void Stop()
    {
        MeterListener? listener;
        lock (_gate)
        {
            (listener, _listener) = (_listener, null);
        }

        // Outside the lock, which its callbacks take.
        listener?.Dispose();
    }

    /// <summary>Half and 99 of 100 of the last seconds' results took no longer, in milliseconds, within a fifth; null when there were none.</summary>
    public LiveDelay? Read()
    {
        lock (_gate)
        {
            var now = Now();
            var sum = new long[Buckets];
            for (var slot = 0; slot < Seconds; slot++)
            {
                if (now - _secondOf[slot] < Seconds)
                {
                    for (var bucket = 0; bucket < Buckets; bucket++)
                    {
                        sum[bucket] += _counts[slot][bucket];
                    }
                }
            }

            var all = sum.Sum();
            return all == 0 ? null : new LiveDelay(BoundOf(sum, all * 0.5), BoundOf(sum, all * 0.99));
        }
    }

    public void Dispose() => Stop();

    internal void Record(double seconds)
    {
        var bucket = (int)Math.Clamp(Math.Ceiling(Math.Log2(Math.Max(seconds, Lowest) / Lowest) * BucketsPerDoubling), 0, Buckets - 1);
        lock (_gate)
        {
            var now = Now();
            var slot = (int)(now % Seconds);
            if (_secondOf[slot] != now)
            {
                _secondOf[slot] = now;
                Array.Clear(_counts[slot]);
            }

            _counts[slot][bucket]++;
        }
    }

    private MeterListener Listen()
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == Instrument && instrument.Meter.Name == InboxMeter.Name && instrument.Meter.Scope == meters)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, seconds, _, _) => Record(seconds));
        listener.Start();
        return listener;
    }

    private static double BoundOf(long[] counts, double atLeast)
    {
        var bucket = 0;
        for (var seen = counts[0]; seen < atLeast; seen += counts[bucket])
        {
            bucket++;
        }

        return Math.Round(Lowest * 1000 * Math.Pow(2, bucket / BucketsPerDoubling), 2);
    }

    // From 1 on: a slot that was never used belongs to second 0.
    private long Now() => Seconds + (long)time.GetElapsedTime(0).TotalSeconds;
}
