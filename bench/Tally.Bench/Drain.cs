using System.Diagnostics;
using Grpc.Net.Client;
using Tally.AppHost.Hosting;
using Tally.Bench.Figures;
using Tally.Bench.Load;
using Tally.Bench.Servers;
using Tally.Contracts.V1;

namespace Tally.Bench;

/// <summary>
/// How fast a backlog goes: results are stored while nothing relays them, then the Calculator starts, and the clock runs from the first result that reaches the
/// total until the last has. Totals folds them at the same time, so it's the slower of both.
/// </summary>
internal sealed class Drain(BenchOptions options, LocalSystem system, Generator generator)
{
    private const long Backlog = 5_000_000;
    private const string Calculator = "calculator-1";
    private const string Totals = "totals-1";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    private readonly List<double> _speeds = [];
    private readonly Dictionary<string, List<double>> _cpu = new(StringComparer.Ordinal)
    {
        [Calculator] = [],
        [Totals] = [],
        ["postgres"] = [],
        ["kafka"] = [],
    };

    public static async Task<int> RunAsync(BenchOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("tally-bench-").FullName;
        var settings = SystemSettings.FromEnvironment(folder) with { Ports = WantedPorts.Free, Temporary = true };
        await using var system = await LocalSystem.StartAsync(settings, new ErrorReporter(), CancellationToken.None);
        var result = await new Drain(options, system, new Generator()).MeasureAsync();
        return result.Tell(options);
    }

    private async Task<BenchResult> MeasureAsync()
    {
        for (var round = 1; round <= options.Rounds; round++)
        {
            await RoundAsync(Backlog);
            await Console.Error.WriteLineAsync($"round {round} of {options.Rounds}: {_speeds[^1]:N0} results/s");
        }

        var figures = new Dictionary<string, Figure>(StringComparer.Ordinal) { ["drain"] = Figure.Of(_speeds, "results/s") };
        foreach (var (component, used) in _cpu)
        {
            figures[$"{component.Split('-')[0]}_cpu"] = Figure.Of(used, "µs/result");
        }

        figures["calculator_memory"] = new Figure(Math.Round(Machine.PeakMegabytes(PidOf(Calculator)), 1), 0, "MB");
        figures["totals_memory"] = new Figure(Math.Round(Machine.PeakMegabytes(PidOf(Totals)), 1), 0, "MB");
        var kafka = system.State.Components["kafka"];
        return new BenchResult(
            "drain",
            Machine.Commit(),
            Machine.Describe(),
            generator.Name,
            Machine.Describe(kafka),
            options.Rounds,
            Echo: null,
            DurableRatio: null,
            WholeWayRatio: null,
            figures);
    }

    /// <summary>Stores so many results, and lets them drain.</summary>
    /// <returns>Results a second.</returns>
    public async Task<double> RoundAsync(long backlog)
    {
        await system.StopComponentAsync(Calculator);
        await StoreAsync(backlog);
        await DrainAsync(backlog);
        return _speeds[^1];
    }

    /// <summary>The backlog, stored by a Calculator that relays nothing.</summary>
    private async Task StoreAsync(long backlog)
    {
        await using var storing = await DurableServer.StartAsync(system, "--Outbox:Schema=outbox");
        await generator.SendAsync(storing.Address, backlog);
    }

    private async Task DrainAsync(long backlog)
    {
        using var channel = GrpcChannel.ForAddress(new Uri(system.State.Components[Totals].Endpoints["grpc"]));
        var sums = new Contracts.V1.Totals.TotalsClient(channel);
        var before = (await sums.GetTotalAsync(new GetTotalRequest())).Count;
        var starting = system.StartComponentAsync(Calculator, CancellationToken.None);

        var first = before;
        for (; first == before; first = (await sums.GetTotalAsync(new GetTotalRequest())).Count)
        {
            await Task.Delay(Poll);
        }

        var began = Stopwatch.GetTimestamp();
        await starting;
        var cpuBefore = _cpu.Keys.ToDictionary(component => component, component => Machine.CpuSeconds(PidOf(component)), StringComparer.Ordinal);
        var counted = (await sums.GetTotalAsync(new GetTotalRequest())).Count;
        var total = await sums.GetTotalAsync(new GetTotalRequest { AtLeast = { await CommittedAsync() } });
        var time = Stopwatch.GetElapsedTime(began);
        if (total.Count - before != backlog)
        {
            throw new InvalidOperationException($"{backlog} results were stored, but the total grew by {total.Count - before}.");
        }

        _speeds.Add((total.Count - first) / time.TotalSeconds);
        foreach (var (component, used) in _cpu)
        {
            used.Add((Machine.CpuSeconds(PidOf(component)) - cpuBefore[component]) * 1e6 / (total.Count - counted));
        }
    }

    private async Task<IEnumerable<Position>> CommittedAsync()
    {
        using var channel = GrpcChannel.ForAddress(new Uri(system.State.Components[Calculator].Endpoints["grpc"]));
        var positions = await new Relay.RelayClient(channel).GetPositionsAsync(new GetPositionsRequest());
        return positions.Shards.Select(shard => shard.Committed).Where(committed => committed.Sequence > 0);
    }

    private int PidOf(string component) => system.State.Components[component].Pid!.Value;
}
