using Tally.AppHost.Hosting;
using Tally.Bench.Figures;
using Tally.Bench.Load;
using Tally.Bench.Servers;

namespace Tally.Bench;

/// <summary>What an idempotency key costs: in alternating rounds, the same Calculator stores calls without keys, and with a new one each: in
/// the order of time (UUIDs of version 7), and random (version 4).</summary>
internal sealed class Keys(BenchOptions options, LocalSystem system, ServerProcess durable)
{
    private readonly Dictionary<string, List<double>> _rounds = new(StringComparer.Ordinal);

    public static async Task<int> RunAsync(BenchOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("tally-bench-").FullName;
        var settings = SystemSettings.FromEnvironment(folder) with { Ports = WantedPorts.Free, Temporary = true, Parts = SystemParts.Postgres };
        await using var system = await LocalSystem.StartAsync(settings, new ErrorReporter(), CancellationToken.None);
        await using var durable = await DurableServer.StartAsync(system);
        var result = await new Keys(options, system, durable).MeasureAsync();
        return result.Tell(options);
    }

    private async Task<BenchResult> MeasureAsync()
    {
        // Warm-up, which also chooses the number of calls.
        var calls = 0L;
        foreach (var keys in Enum.GetValues<KeyKind>())
        {
            await KeyGenerator.SendAsync(durable.Address, 50_000, keys);
            calls = Math.Max(calls, (long)((await KeyGenerator.SendAsync(durable.Address, 100_000, keys)).Speed * options.Seconds));
        }

        for (var round = 1; round <= options.Rounds; round++)
        {
            await RoundAsync("without_keys", calls, KeyKind.None);
            await RoundAsync("with_keys", calls, KeyKind.Ordered);
            await RoundAsync("with_random_keys", calls, KeyKind.Random);
            await Console.Error.WriteLineAsync($"round {round} of {options.Rounds}: {string.Join(", ", _rounds.Select(r => $"{r.Key} {r.Value[^1]:N1}"))}");
        }

        var figures = _rounds.ToDictionary(
            round => round.Key, round => Figure.Of(round.Value, round.Key.Contains("cpu", StringComparison.Ordinal) ? "µs/call" : "calls/s"), StringComparer.Ordinal);
        foreach (var (name, kind) in new[] { ("keys", "with_keys"), ("random_keys", "with_random_keys") })
        {
            figures[$"{name}_ratio"] = Figure.Of(_rounds[kind].Zip(_rounds["without_keys"], (a, b) => a / b), "ratio");
            figures[$"{name}_cpu_ratio"] = Figure.Of(Cpu("without_keys").Zip(Cpu(kind), (a, b) => a / b), "ratio");
        }

        figures["calculator_memory"] = new Figure(Math.Round(durable.PeakMegabytes, 1), 0, "MB");
        return new BenchResult(
            "keys",
            Machine.Commit(),
            Machine.Describe(),
            KeyGenerator.Name,
            Kafka: "not used",
            options.Rounds,
            Echo: null,
            DurableRatio: null,
            WholeWayRatio: null,
            figures)
        {
            KeysRatio = figures["keys_ratio"].Median,
        };
    }

    private async Task RoundAsync(string name, long calls, KeyKind keys)
    {
        var postgres = system.State.Components["postgres"].Pid!.Value;
        var (calculatorBefore, postgresBefore) = (Machine.CpuSeconds(durable.Pid), Machine.CpuSeconds(postgres));
        var (speed, generator) = await KeyGenerator.SendAsync(durable.Address, calls, keys);
        Add(name, speed);
        Add($"{name}_calculator_cpu", (Machine.CpuSeconds(durable.Pid) - calculatorBefore) * 1e6 / calls);
        Add($"{name}_postgres_cpu", (Machine.CpuSeconds(postgres) - postgresBefore) * 1e6 / calls);
        Add($"{name}_generator_cpu", generator * 1e6 / calls);
    }

    /// <summary>All that a call costs in each round.</summary>
    private IEnumerable<double> Cpu(string name) => Enumerable.Range(0, options.Rounds).Select(round =>
        _rounds[$"{name}_calculator_cpu"][round] + _rounds[$"{name}_postgres_cpu"][round] + _rounds[$"{name}_generator_cpu"][round]);

    private void Add(string name, double value)
    {
        if (!_rounds.TryGetValue(name, out var rounds))
        {
            _rounds[name] = rounds = [];
        }

        rounds.Add(value);
    }
}
