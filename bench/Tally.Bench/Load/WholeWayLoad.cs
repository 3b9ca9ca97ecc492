using System.Diagnostics;
using Grpc.Net.Client;
using Tally.AppHost.Hosting;
using Tally.Contracts.V1;

namespace Tally.Bench.Load;

/// <summary>Adds that go the whole way: from the first call until the total holds the last.</summary>
internal sealed class WholeWayLoad(Generator generator, IReadOnlyList<Uri> calculators, Uri totals)
{
    /// <summary>Over all Calculators of a system. Each of its Totals tells the same total, so the first is asked.</summary>
    public static WholeWayLoad Over(LocalSystem system, Generator generator) => new(
        generator,
        [.. system.State.Components.Where(component => component.Key.StartsWith("calculator-", StringComparison.Ordinal)).Select(calculator => GrpcOf(calculator.Value))],
        GrpcOf(system.State.Components["totals-1"]));

    /// <summary>How many Calculators share the calls.</summary>
    public int Calculators => calculators.Count;

    /// <summary>Sends so many calls, and waits for the total.</summary>
    /// <returns>Results per second.</returns>
    public async Task<double> SendAsync(long calls)
    {
        using var channel = GrpcChannel.ForAddress(totals);
        var sums = new Contracts.V1.Totals.TotalsClient(channel);

        // What was answered before may still be on its way.
        var before = await CountAsync(sums);
        var began = Stopwatch.GetTimestamp();
        await generator.SendAsync(calculators, calls);
        var grew = await CountAsync(sums) - before;
        var time = Stopwatch.GetElapsedTime(began);
        return grew == calls
            ? calls / time.TotalSeconds
            : throw new InvalidOperationException($"{calls} calls were answered, but the total grew by {grew}.");
    }

    /// <summary>How many results there are once all that is stored has arrived.</summary>
    private async Task<long> CountAsync(Contracts.V1.Totals.TotalsClient sums)
    {
        var committed = (await Positions.OfAsync(calculators[0])).Select(shard => shard.Committed).Where(committed => committed.Sequence > 0);
        return (await sums.GetTotalAsync(new GetTotalRequest { AtLeast = { committed } })).Count;
    }

    private static Uri GrpcOf(ComponentState component) => new(component.Endpoints["grpc"]);
}
