namespace Tally.AppHost.Commands.Load;

/// <summary>Rate against latency, in text: a bar a stage, on a logarithmic scale.</summary>
internal static class LoadChart
{
    private const int Widest = 60;
    private const double Least = 0.1;

    /// <summary>The lines of the chart; none where there is nothing to compare.</summary>
    public static IEnumerable<string> Draw(IReadOnlyList<LoadStep> steps)
    {
        var drawn = steps.Where(step => step.Answered > 0).ToArray();
        if (drawn.Length < 2)
        {
            yield break;
        }

        // Whole decades, so that the marks stand at round numbers.
        var decades = Math.Max(1, (int)Math.Ceiling(Math.Log10(drawn.Max(step => step.Latency.P99.TotalMilliseconds) / Least)));
        var cell = Widest / decades;
        yield return "";
        yield return $"  asked/s  █ to p50, ░ to p99";
        foreach (var step in drawn)
        {
            var (p50, p99) = (At(step.Latency.P50, cell, decades), At(step.Latency.P99, cell, decades));
            yield return $"{step.Rate,9:N0}  {new string('█', p50)}{new string('░', Math.Max(0, p99 - p50))}";
        }

        yield return $"{"",9}  {string.Concat(Enumerable.Range(0, decades).Select(decade => Mark(decade).PadRight(cell)))}{Mark(decades)}";
    }

    private static string Mark(int decade) => $"└{Least * Math.Pow(10, decade):0.###} ms";

    private static int At(TimeSpan latency, int cell, int decades) =>
        Math.Clamp((int)Math.Round(Math.Log10(Math.Max(Least, latency.TotalMilliseconds) / Least) * cell), 1, cell * decades);
}
