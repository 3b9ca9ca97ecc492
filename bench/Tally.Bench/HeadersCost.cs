using Tally.Bench.Figures;
using Tally.Bench.Load;
using Tally.Bench.Servers;

namespace Tally.Bench;

/// <summary>
/// What headers cost: the whole way through a Calculator that gives each event those of CloudEvents, which are stored and sent with it, and through one that gives none.
/// </summary>
internal static class HeadersCost
{
    public static async Task<int> RunAsync(BenchOptions options)
    {
        var generator = new Generator();
        await using var systemOff = await WholeWays.StartAsync(settings => settings);
        await using var systemOn = await WholeWays.StartAsync(settings => settings);
        await using var off = await HeadersServer.TakeOverAsync(systemOff, "calculator");
        await using var on = await HeadersServer.TakeOverAsync(systemOn, "headers");
        Way[] ways =
        [
            Way.Through(systemOff, "off", generator, ("calculator", off.Pid)),
            Way.Through(systemOn, "on", generator, ("calculator", on.Pid)),
        ];
        return (await new WholeWays(options, generator, ways).MeasureAsync("headers", Machine.Describe(systemOff.State.Components["kafka"]))).Tell(options);
    }
}
