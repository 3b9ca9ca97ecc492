namespace Tally.Bench.Figures;

/// <summary>One measured thing over all rounds.</summary>
/// <param name="Median">The middle of the rounds.</param>
/// <param name="Spread">The largest less the smallest, divided by the median.</param>
/// <param name="Unit">What it is counted in.</param>
internal sealed record Figure(double Median, double Spread, string Unit)
{
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
