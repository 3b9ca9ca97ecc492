using System.Diagnostics.Metrics;

namespace Tally.Totals.Serving;

/// <summary>
/// The running total as gauges, to look at. They are doubles, which hold 15 digits, so nothing is compared by them: differences are computed exactly, by the
/// audit. Absent while the database can't be read.
/// </summary>
internal sealed class TotalsMetrics : IDisposable
{
    public const string MeterName = "Tally.Totals";

    private static readonly TimeSpan Known = TimeSpan.FromSeconds(15);

    private readonly Meter _meter;
    private readonly TotalsView _view;

    public TotalsMetrics(IMeterFactory factory, TotalsView view)
    {
        _view = view;
        _meter = factory.Create(MeterName);
        _meter.CreateObservableGauge("tally.totals.value", () => Observe(static total => total.Total.ToDouble()), unit: null, "The running total, to 15 digits.");
        _meter.CreateObservableGauge("tally.totals.results", () => Observe(static total => total.Count), "{result}", "Results in the running total.");
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<T>> Observe<T>(Func<TotalSnapshot, T> read)
        where T : struct => _view.Age < Known ? [new Measurement<T>(read(_view.Read().Total))] : [];
}
