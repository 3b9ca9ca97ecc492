using System.Text.Json.Serialization;

namespace Tally.Bench.Figures;

/// <summary>One measured thing over all rounds.</summary>
/// <param name="Median">The middle of the rounds.</param>
/// <param name="Spread">The largest less the smallest, divided by the median.</param>
/// <param name="Unit">What it is counted in.</param>
internal sealed record Figure(double Median, double Spread, string Unit)
{
    /// <summary>The unit of a ratio that is better when it is smaller.</summary>
    public const string Cost = "ratio of costs";

    /// <summary>Whether more of it is better: speeds, and ratios unless they are of costs.</summary>
    [JsonIgnore]
    public bool IsBetterWhenLarger => Unit is "ratio" or "calls/s" or "results/s" or "events/s";

    /// <summary>Whether it compares parts that ran beside each other.</summary>
    [JsonIgnore]
    public bool IsRatio => Unit is "ratio" or Cost;

    /// <summary>How far the rounds lie apart, in its unit.</summary>
    [JsonIgnore]
    public double Range => Spread * Median;

    public static Figure Of(IEnumerable<double> rounds, string unit)
    {
        var sorted = rounds.Order().ToList();
        var median = Percentile(sorted, 0.5);
        return new Figure(Math.Round(median, 3), Math.Round((sorted[^1] - sorted[0]) / median, 3), unit);
    }

    public static double Percentile(IReadOnlyList<double> sorted, double part)
    {
        var place = part * (sorted.Count - 1);
        var (below, above) = (sorted[(int)Math.Floor(place)], sorted[(int)Math.Ceiling(place)]);
        return below + ((above - below) * (place - Math.Floor(place)));
    }
}
