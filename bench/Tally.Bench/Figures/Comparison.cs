using System.Globalization;

namespace Tally.Bench.Figures;

/// <summary>What changed between two results of the same bench.</summary>
/// <param name="Lines">A line a figure that both have.</param>
internal sealed record Comparison(IReadOnlyList<ComparisonLine> Lines)
{
    /// <summary>Whether a ratio got worse. Speeds alone may be those of another machine, or of another day.</summary>
    public bool IsWorse => Lines.Any(line => line is { Change: Change.Worse, Now.IsRatio: true });

    /// <exception cref="FormatException">They are of different benches.</exception>
    public static Comparison Of(BenchResult before, BenchResult now) => before.Bench == now.Bench
        ? new Comparison([.. now.Figures.Where(figure => before.Figures.ContainsKey(figure.Key))
            .Select(figure => new ComparisonLine(figure.Key, before.Figures[figure.Key], figure.Value))])
        : throw new FormatException($"The base is a result of '{before.Bench}', not of '{now.Bench}'.");

    public string ToMarkdown() => $"""
        | figure | before | now | change | noise | |
        | --- | --- | --- | --- | --- | --- |
        {string.Join('\n', Lines.Select(line => line.ToMarkdown()))}
        """;
}

/// <summary>Which way a figure went.</summary>
internal enum Change
{
    /// <summary>No further than noise goes.</summary>
    None,

    /// <summary>To the better.</summary>
    Better,

    /// <summary>To the worse.</summary>
    Worse,
}

/// <summary>
/// One figure before and now. The medians of two runs that differ in nothing lie apart, too. So a change counts only where even the ranges of the rounds, each centred
/// at its median, don't overlap: there are many figures, and one in a hundred would be by chance what one in twenty is. What was measured once, such as a peak of memory,
/// has no range of its own and is given a twentieth.
/// </summary>
internal sealed record ComparisonLine(string Name, Figure Before, Figure Now)
{
    private const double LeastNoise = 0.05;

    /// <summary>How much it changed, as a part of what it was.</summary>
    public double Difference => Before.Median == 0 ? 0 : (Now.Median - Before.Median) / Before.Median;

    /// <summary>How much chance alone may change it.</summary>
    public double Noise => Before.Median == 0 ? 0 : Math.Max(Before.Spread == 0 || Now.Spread == 0 ? LeastNoise : 0, (Before.Range + Now.Range) / 2 / Before.Median);

    public Change Change => Math.Abs(Difference) <= Noise ? Change.None : Difference > 0 == Now.IsBetterWhenLarger ? Change.Better : Change.Worse;

    public string ToMarkdown() => string.Create(
        CultureInfo.InvariantCulture,
        $"| {Name} | {Before.Median:0.###} | {Now.Median:0.###} | {Difference:+0.0%;-0.0%;0.0%} | ±{Noise:0.0%} | {(Change == Change.None ? "" : Change.ToString().ToLowerInvariant())} |");
}
