using Tally.Bench.Figures;
using Tally.Bench.Load;

namespace Tally.Bench;

/// <summary>What headers cost: the whole way through a system whose events have those of CloudEvents, and through one whose events have none.</summary>
internal static class HeadersCost
{
    public static async Task<int> RunAsync(BenchOptions options)
    {
        var generator = new Generator();
        await using var off = await WholeWays.StartAsync(settings => settings);
        await using var on = await WholeWays.StartAsync(settings => settings with
        {
            ServiceSettings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Outbox:CloudEventType"] = "tally.v1.SumComputed" },
        });
        Way[] ways = [Way.Through(off, "off", generator), Way.Through(on, "on", generator)];
        return (await new WholeWays(options, generator, ways).MeasureAsync("headers", Machine.Describe(off.State.Components["kafka"]))).Tell(options);
    }
}
