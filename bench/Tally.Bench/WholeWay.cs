using Tally.AppHost.Hosting;
using Tally.Bench.Figures;
using Tally.Bench.Load;
using Tally.Bench.Servers;

namespace Tally.Bench;

/// <summary>
/// What durability costs: the same generator calls, in alternating rounds, a bare Kestrel handler, the Calculator that answers without storing,
/// one that stores but doesn't relay, and the whole way until the total holds the last result.
/// </summary>
internal sealed class WholeWay(BenchOptions options, LocalSystem system, Generator generator)
{
    private const int OpenModelRate = 2_000;

    // Speeds, and of the open model milliseconds; a value a round each.
    private readonly Dictionary<string, List<double>> _rounds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<double>> _latencies = new(StringComparer.Ordinal);

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
        var wholeWay = new WholeWayLoad(generator, calculator, totals);

        // Warm-up: every part runs its hot code until it is compiled for good, and the number of calls is chosen.
        var calls = 0L;
        foreach (var server in new[] { bare.Address, echo.Address, durable.Address, calculator })
        {
            await generator.SendAsync(server, 50_000);
            calls = Math.Max(calls, (long)(await generator.SendAsync(server, 100_000) * options.Seconds));
        }

        for (var round = 1; round <= options.Rounds; round++)
        {
            await RoundAsync("bare", () => generator.SendAsync(bare.Address, calls));
            await RoundAsync("echo", () => generator.SendAsync(echo.Address, calls));
            await RoundAsync("durable", () => generator.SendAsync(durable.Address, calls / 2));
            await RoundAsync("whole_way", () => wholeWay.SendAsync(calls / 2));
            await LatencyRoundAsync(new OpenModel(generator, calculator, totals));
            await Console.Error.WriteLineAsync($"round {round} of {options.Rounds}: {string.Join(", ", _rounds.Select(r => $"{r.Key} {r.Value[^1]:N0}/s"))}");
        }

        // The peak is that of full load: the open model is light.
        var (memoryA, memoryB) = (Peak("calculator-1"), Peak("totals-1"));
        var figures = _rounds.ToDictionary(round => round.Key, round => Figure.Of(round.Value, "calls/s"), StringComparer.Ordinal);
        figures["echo_ratio"] = Ratio("echo", "bare");
        figures["durable_ratio"] = Ratio("durable", "echo");
        figures["whole_way_ratio"] = Ratio("whole_way", "echo");
        foreach (var (name, rounds) in _latencies)
        {
            figures[name] = Figure.Of(rounds, "ms");
        }

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

    private async Task RoundAsync(string name, Func<Task<double>> measure) => Keep(_rounds, name, await measure());

    private async Task LatencyRoundAsync(OpenModel model)
    {
        var (add, toTotal) = await model.RunAsync(OpenModelRate, TimeSpan.FromSeconds(options.Seconds));
        Keep(_latencies, "add_p50", Figure.Percentile(add, 0.5));
        Keep(_latencies, "add_p99", Figure.Percentile(add, 0.99));
        Keep(_latencies, "add_to_total_p50", Figure.Percentile(toTotal, 0.5));
        Keep(_latencies, "add_to_total_p99", Figure.Percentile(toTotal, 0.99));
    }

    private static void Keep(Dictionary<string, List<double>> figures, string name, double value)
    {
        if (!figures.TryGetValue(name, out var rounds))
        {
            figures[name] = rounds = [];
        }

        rounds.Add(value);
    }

    /// <summary>The median of the rounds' own ratios: both of a round ran beside each other, so what the machine does to one it does to both.</summary>
    private Figure Ratio(string name, string baseline) => Figure.Of(_rounds[name].Zip(_rounds[baseline], (a, b) => a / b), "ratio");

    private double Peak(string component) => Machine.PeakMegabytes(system.State.Components[component].Pid!.Value);
}
