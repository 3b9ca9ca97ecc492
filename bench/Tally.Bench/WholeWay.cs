using Tally.AppHost.Hosting;
using Tally.Bench.Figures;
using Tally.Bench.Load;
using Tally.Bench.Servers;

namespace Tally.Bench;

/// <summary>
/// What durability costs: the same generator calls, in alternating rounds, a bare Kestrel handler, the Calculator that answers without storing,
/// one that stores but doesn't relay, and the whole way until the total holds the last result. Then, by an open model, how long an add and its way into the total take
/// at parts of what this run has found to be the most, and at one rate that is the same everywhere.
/// </summary>
internal sealed class WholeWay(BenchOptions options, LocalSystem system, Generator generator)
{
    private const int FixedRate = 5_000;
    private static readonly int[] Percents = [10, 50, 80];

    private readonly RoundFigures _rounds = new();
    private readonly RoundFigures _latencies = new();

    public static async Task<int> RunAsync(BenchOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("tally-bench-").FullName;
        var settings = SystemSettings.FromEnvironment(folder) with { Ports = WantedPorts.Free, Temporary = true };
        await using var system = await LocalSystem.StartAsync(settings, new ErrorReporter(), CancellationToken.None);
        var result = await new WholeWay(options, system, new Generator()).MeasureAsync();
        return result.Tell(options);
    }

    private async Task<BenchResult> MeasureAsync()
    {
        var here = Environment.ProcessPath!;
        var calculator = new Uri(system.State.Components["calculator-1"].Endpoints["grpc"]);
        var totals = new Uri(system.State.Components["totals-1"].Endpoints["grpc"]);
        await using var bare = await ServerProcess.StartAsync(here, "serve", "bare");
        await using var echo = await ServerProcess.StartAsync(here, "serve", "echo");
        await using var durable = await DurableServer.StartAsync(system);
        var wholeWay = WholeWayLoad.Over(system, generator);
        var model = new OpenModel(generator, calculator, totals);

        // Warm-up: every part runs its hot code until it is compiled for good, and the number of calls is chosen.
        var calls = 0L;
        foreach (var server in new[] { bare.Address, echo.Address, durable.Address, calculator })
        {
            await generator.SendAsync(server, 50_000);
            calls = Math.Max(calls, (long)(await generator.SendAsync(server, 100_000) * options.Seconds));
        }

        for (var round = 1; round <= options.Rounds; round++)
        {
            // Who is first in a round is last in the next: what changes on the machine in the course of time befalls all alike.
            (string Name, Func<Task<double>> Measure)[] parts =
            [
                ("bare", () => generator.SendAsync(bare.Address, calls)),
                ("echo", () => generator.SendAsync(echo.Address, calls)),
                ("durable", () => generator.SendAsync(durable.Address, calls / 2)),
                ("whole_way", () => wholeWay.SendAsync(calls / 2)),
            ];
            foreach (var (name, measure) in round % 2 == 1 ? parts : parts.Reverse())
            {
                _rounds.Add(name, await measure(), "calls/s");
            }

            await LatenciesAsync(model);
            await Console.Error.WriteLineAsync($"round {round} of {options.Rounds}: {_rounds.Last()}; {_latencies.Last()}");
        }

        // The peak is that of full load: the open model is light.
        var (memoryA, memoryB) = (Peak("calculator-1"), Peak("totals-1"));
        AddRatios("echo", "bare");
        AddRatios("durable", "echo");
        AddRatios("whole_way", "echo");
        var figures = _rounds.ToFigures().Concat(_latencies.ToFigures()).ToDictionary(StringComparer.Ordinal);
        figures["calculator_memory"] = new Figure(Math.Round(memoryA, 1), 0, "MB");
        figures["totals_memory"] = new Figure(Math.Round(memoryB, 1), 0, "MB");
        var kafka = system.State.Components["kafka"];
        return new BenchResult(
            "whole-way",
            Machine.Commit(),
            Machine.Describe(),
            generator.Name,
            Machine.Describe(kafka),
            options.Rounds,
            figures["echo"].Median,
            figures["durable_ratio"].Median,
            figures["whole_way_ratio"].Median,
            figures);
    }

    /// <summary>At parts of the most that went the whole way in the rounds so far, and at the rate that machines can be compared by.</summary>
    private async Task LatenciesAsync(OpenModel model)
    {
        var most = Figure.Of(_rounds["whole_way"], "calls/s").Median;
        foreach (var (name, rate) in Percents.Select(percent => (percent, (int)(most * percent / 100))).Append((FixedRate, FixedRate)))
        {
            var (add, toTotal) = await model.RunAsync(rate, TimeSpan.FromSeconds(options.Seconds));
            foreach (var (what, times) in new[] { ("add", add), ("add_to_total", toTotal) })
            {
                _latencies.Add($"{what}_p50_at_{name}", Figure.Percentile(times, 0.5), "ms");
                _latencies.Add($"{what}_p99_at_{name}", Figure.Percentile(times, 0.99), "ms");
                _latencies.Add($"{what}_p999_at_{name}", Figure.Percentile(times, 0.999), "ms");
            }
        }
    }

    /// <summary>The rounds' own ratios: both of a round ran beside each other, so what the machine does to one it does to both.</summary>
    private void AddRatios(string name, string baseline) =>
        _rounds.AddAll($"{name}_ratio", _rounds[name].Zip(_rounds[baseline], (a, b) => a / b), "ratio");

    private double Peak(string component) => Machine.PeakMegabytes(system.State.Components[component].Pid!.Value);
}
