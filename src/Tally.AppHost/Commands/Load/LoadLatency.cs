using HdrHistogram;

namespace Tally.AppHost.Commands.Load;

/// <summary>How long calls took that were answered, from when they were due.</summary>
internal readonly record struct LoadLatency(TimeSpan P50, TimeSpan P95, TimeSpan P99, TimeSpan P999, TimeSpan Max)
{
    /// <param name="microseconds">What was recorded; nothing gives zeros.</param>
    public static LoadLatency Of(HistogramBase microseconds) => new(
        At(microseconds, 50), At(microseconds, 95), At(microseconds, 99), At(microseconds, 99.9), TimeSpan.FromMicroseconds(microseconds.GetMaxValue()));

    private static TimeSpan At(HistogramBase microseconds, double percentile) =>
        TimeSpan.FromMicroseconds(microseconds.TotalCount == 0 ? 0 : microseconds.GetValueAtPercentile(percentile));
}
