using Tally.AppHost.Hosting;
using Tally.Bench.Figures;
using Tally.Bench.Load;

namespace Tally.Bench;

/// <summary>
/// The whole way through systems that run beside each other, in alternating rounds, each compared with the first. Those that have no turn are idle, which costs each of
/// the others the same.
/// </summary>
internal sealed class WholeWays(BenchOptions options, Generator generator, IReadOnlyList<Way> ways)
{
    private readonly RoundFigures _rounds = new();

    /// <summary>A system with nothing that only watches.</summary>
    public static Task<LocalSystem> StartAsync(Func<SystemSettings, SystemSettings> change)
    {
        var folder = Directory.CreateTempSubdirectory("tally-bench-").FullName;
        var settings = SystemSettings.FromEnvironment(folder) with
        {
            Ports = WantedPorts.Free,
            Temporary = true,
            Parts = SystemParts.Postgres | SystemParts.Kafka | SystemParts.Services,
        };
        return LocalSystem.StartAsync(change(settings), new ErrorReporter(), CancellationToken.None);
    }

    /// <param name="bench">What the result is called.</param>
    /// <param name="kafka">Which Kafka it is.</param>
    public async Task<BenchResult> MeasureAsync(string bench, string kafka)
    {
        // Warm-up, which also chooses the number of calls. As many for each Calculator: those that share the calls would else be measured before they are warm.
        var calls = 0L;
        foreach (var way in ways)
        {
            await way.Load.SendAsync(100_000L * way.Load.Calculators);
            calls = Math.Max(calls, (long)(await way.Load.SendAsync(100_000) * options.Seconds));
        }

        for (var round = 1; round <= options.Rounds; round++)
        {
            // Who is first in a round is last in the next: what changes on the machine in the course of time befalls all alike.
            foreach (var way in round % 2 == 1 ? ways : ways.Reverse())
            {
                var cpu = new CpuMeter(way.Processes);
                _rounds.Add(way.Name, await way.Load.SendAsync(calls), "results/s");
                cpu.AddTo(_rounds, way.Name, calls);
            }

            await Console.Error.WriteLineAsync($"round {round} of {options.Rounds}: {_rounds.Last()}");
        }

        foreach (var way in ways.Skip(1))
        {
            _rounds.AddAll($"{way.Name}_ratio", OfFirst(way, ""), "ratio");
            _rounds.AddAll($"{way.Name}_cpu_ratio", OfFirst(way, "_cpu"), Figure.Cost);
        }

        return new BenchResult(
            bench,
            Machine.Commit(),
            Machine.Describe(),
            generator.Name,
            kafka,
            options.Rounds,
            Echo: null,
            DurableRatio: null,
            WholeWayRatio: null,
            _rounds.ToFigures());
    }

    /// <summary>The rounds' own ratios: both of a round ran beside each other, so what the machine does to one it does to both.</summary>
    private IEnumerable<double> OfFirst(Way way, string figure) => _rounds[way.Name + figure].Zip(_rounds[ways[0].Name + figure], (a, b) => a / b);
}
