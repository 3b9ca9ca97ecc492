using Tally.AppHost.Hosting;
using Tally.Bench.Figures;
using Tally.Bench.Load;
using Tally.Bench.Servers;

namespace Tally.Bench;

/// <summary>
/// What it costs that an answer is behind its commit, with few callers and with many: the same calls, in alternating rounds, to the Calculator that answers without
/// storing, the one that stores in group commits, one that makes a transaction of each call, and one that does so with PostgreSQL's <c>commit_delay</c>.
/// </summary>
internal sealed class Durable(BenchOptions options, IReadOnlyDictionary<string, ServerProcess> servers)
{
    private const string Echo = "echo";
    private const string Stored = "durable";
    private static readonly int[] Callers = [1, 8, 64, 512];

    private readonly RoundFigures _rounds = new();

    public static async Task<int> RunAsync(BenchOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("tally-bench-").FullName;
        var settings = SystemSettings.FromEnvironment(folder) with { Ports = WantedPorts.Free, Temporary = true, Parts = SystemParts.Postgres };
        await using var system = await LocalSystem.StartAsync(settings, new ErrorReporter(), CancellationToken.None);
        await using var echo = await ServerProcess.StartAsync(Environment.ProcessPath!, "serve", "echo");
        await using var durable = await DurableServer.StartAsync(system);
        await using var naive = await NaiveServer.StartAsync(system, delayed: false);
        await using var delayed = await NaiveServer.StartAsync(system, delayed: true);
        var servers = new Dictionary<string, ServerProcess>(StringComparer.Ordinal)
        {
            [Echo] = echo,
            [Stored] = durable,
            ["a_transaction_each"] = naive,
            ["a_transaction_each_delayed"] = delayed,
        };
        return (await new Durable(options, servers).MeasureAsync()).Tell(options);
    }

    private async Task<BenchResult> MeasureAsync()
    {
        // Warm-up, which also chooses the number of calls.
        var calls = new Dictionary<(string, int), long>();
        foreach (var (name, server) in servers)
        {
            await ClosedGenerator.SendAsync(server.Address, 20_000, 64);
            foreach (var callers in Callers)
            {
                var speed = await ClosedGenerator.SendAsync(server.Address, 200 + (100 * callers), callers);
                calls[(name, callers)] = (long)Math.Max(callers, speed.PerSecond * options.Seconds);
            }
        }

        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var callers in Callers)
            {
                // Who is first in a round is last in the next: what changes on the machine in the course of time befalls all alike.
                foreach (var (name, server) in round % 2 == 0 ? servers : servers.Reverse())
                {
                    await RoundAsync($"{name}_{callers}", server, calls[(name, callers)], callers);
                }
            }

            await Console.Error.WriteLineAsync($"round {round} of {options.Rounds}: {_rounds.Last()}");
        }

        foreach (var callers in Callers)
        {
            foreach (var name in servers.Keys.Where(name => name != Echo))
            {
                _rounds.AddAll($"{name}_ratio_{callers}", _rounds[$"{name}_{callers}"].Zip(_rounds[$"{Echo}_{callers}"], (a, b) => a / b), "ratio");
            }
        }

        var figures = _rounds.ToFigures();
        return new BenchResult(
            "durable",
            Machine.Commit(),
            Machine.Describe(),
            ClosedGenerator.Name,
            Kafka: "not used",
            options.Rounds,
            figures[$"{Echo}_{Callers[^1]}"].Median,
            figures[$"{Stored}_ratio_{Callers[^1]}"].Median,
            WholeWayRatio: null,
            figures);
    }

    private async Task RoundAsync(string name, ServerProcess server, long calls, int callers)
    {
        var allocated = await server.AllocatedBytesAsync();
        var speed = await ClosedGenerator.SendAsync(server.Address, calls, callers);
        _rounds.Add(name, speed.PerSecond, "calls/s");
        _rounds.Add($"{name}_p50", speed.P50, "ms");
        _rounds.Add($"{name}_p99", speed.P99, "ms");
        _rounds.Add($"{name}_p999", speed.P999, "ms");
        _rounds.Add($"{name}_allocated", (await server.AllocatedBytesAsync() - allocated) / calls, "bytes/call");
    }
}
