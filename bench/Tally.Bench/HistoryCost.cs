using Tally.Bench.Figures;
using Tally.Bench.Load;

namespace Tally.Bench;

/// <summary>
/// What it costs that each result is kept: the whole way through a system whose Totals stores a row a result in the same commit, and through one that doesn't.
/// </summary>
internal static class HistoryCost
{
    public static async Task<int> RunAsync(BenchOptions options)
    {
        var generator = new Generator();
        await using var off = await WholeWays.StartAsync(settings => settings);
        await using var table = await WholeWays.StartAsync(
            settings => settings with { ServiceSettings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Totals:History"] = "table" } });
        Way[] ways = [Way.Through(off, "off", generator), Way.Through(table, "table", generator)];
        return (await new WholeWays(options, generator, ways).MeasureAsync("history", Machine.Describe(off.State.Components["kafka"]))).Tell(options);
    }
}
