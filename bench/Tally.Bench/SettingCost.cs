using Tally.Bench.Figures;
using Tally.Bench.Load;

namespace Tally.Bench;

/// <summary>What a setting costs: the whole way through a system that has it, and through one that doesn't.</summary>
internal static class SettingCost
{
    /// <summary>Each result is kept: a row of Totals a result, in the same commit.</summary>
    public static Task<int> OfHistoryAsync(BenchOptions options) => RunAsync("history", "table", "Totals:History", "table", options);

    /// <summary>Each event has the headers of CloudEvents.</summary>
    public static Task<int> OfHeadersAsync(BenchOptions options) => RunAsync("headers", "on", "Outbox:CloudEventType", "tally.v1.SumComputed", options);

    private static async Task<int> RunAsync(string bench, string with, string setting, string value, BenchOptions options)
    {
        var generator = new Generator();
        await using var off = await WholeWays.StartAsync(settings => settings);
        await using var on = await WholeWays.StartAsync(
            settings => settings with { ServiceSettings = new Dictionary<string, string>(StringComparer.Ordinal) { [setting] = value } });
        Way[] ways = [Way.Through(off, "off", generator), Way.Through(on, with, generator)];
        return (await new WholeWays(options, generator, ways).MeasureAsync(bench, Machine.Describe(off.State.Components["kafka"]))).Tell(options);
    }
}
