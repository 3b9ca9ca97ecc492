using Tally.AppHost.Hosting;
using Tally.Bench.Figures;
using Tally.Bench.Load;
using Tally.Bench.Servers;

namespace Tally.Bench;

/// <summary>
/// Whether a backlog slows the storing down: in alternating rounds the same calls go to two Calculators that relay nothing, in one PostgreSQL. Before one lie
/// millions of results that Kafka hasn't got; before the other none.
/// </summary>
internal sealed class Backlog(BenchOptions options, LocalSystem system, Generator generator, ServerProcess none, ServerProcess full)
{
    private const string EmptySchema = "bench";
    private const string FullSchema = "backlog";
    private readonly RoundFigures _rounds = new();

    public static async Task<int> RunAsync(BenchOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("tally-bench-").FullName;
        var settings = SystemSettings.FromEnvironment(folder) with { Ports = WantedPorts.Free, Temporary = true, Parts = SystemParts.Postgres };
        await using var system = await LocalSystem.StartAsync(settings, new ErrorReporter(), CancellationToken.None);
        await FillAsync(system, options.Backlog);
        await using var none = await StartAsync(system, EmptySchema);
        await using var full = await StartAsync(system, FullSchema);
        var result = await new Backlog(options, system, new Generator(), none, full).MeasureAsync();
        return result.Tell(options);
    }

    private static Task<ServerProcess> StartAsync(LocalSystem system, string schema) => DurableServer.StartAsync(system, $"--Outbox:Schema={schema}");

    /// <summary>A Calculator makes the tables and claims the shards; what it could have stored then is stored for it.</summary>
    private static async Task FillAsync(LocalSystem system, int results)
    {
        await using (await StartAsync(system, FullSchema))
        {
            // It is ready as soon as it has one shard; the others follow at once.
            while (await Sql.NumberAsync(system.Connections.Calculator, $"SELECT count(*) FROM {FullSchema}.shards WHERE epoch = 0") > 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50));
            }
        }

        await BacklogWriter.WriteAsync(system.Connections.Calculator.ConnectionString, FullSchema, results);

        // Behind a backlog that grew over hours both are long done.
        await Sql.RunAsync(system.Connections.Calculator, "VACUUM (ANALYZE)");
        await Sql.RunAsync(system.Connections.Postgres, "CHECKPOINT");
    }

    private async Task<BenchResult> MeasureAsync()
    {
        // Warm-up, which also chooses the number of calls.
        var calls = 0L;
        foreach (var server in new[] { none, full })
        {
            await generator.SendAsync(server.Address, 50_000);
            calls = Math.Max(calls, (long)(await generator.SendAsync(server.Address, 100_000) * options.Seconds));
        }

        await MarkRelayedAsync();
        for (var round = 1; round <= options.Rounds; round++)
        {
            // Each is the first as often as the other.
            (string Name, ServerProcess Server)[] both = [("none", none), ("backlog", full)];
            foreach (var (name, server) in round % 2 == 1 ? both : both.Reverse())
            {
                await RoundAsync(name, server, calls);
            }

            await MarkRelayedAsync();
            await Console.Error.WriteLineAsync($"round {round} of {options.Rounds}: {_rounds.Last()}");
        }

        _rounds.AddAll("backlog_ratio", Ratios("backlog", "none"), "ratio");
        foreach (var part in new[] { "_calculator", "_postgres", "" })
        {
            _rounds.AddAll($"backlog{part}_cpu_ratio", Ratios($"none{part}_cpu", $"backlog{part}_cpu"), "ratio");
        }

        var figures = _rounds.ToFigures();
        figures["unrelayed"] = new Figure(await Positions.UnrelayedAsync(full.Address), 0, "results");
        figures["calculator_memory"] = new Figure(Math.Round(full.PeakMegabytes, 1), 0, "MB");
        return new BenchResult(
            "backlog",
            Machine.Commit(),
            Machine.Describe(),
            generator.Name,
            Kafka: "not used",
            options.Rounds,
            Echo: null,
            DurableRatio: null,
            WholeWayRatio: null,
            figures)
        {
            BacklogRatio = figures["backlog_ratio"].Median,
        };
    }

    private async Task RoundAsync(string name, ServerProcess server, long calls)
    {
        var before = await Positions.CountAsync(server.Address);
        var cpu = new CpuMeter(("calculator", server.Pid), ("postgres", system.State.Components["postgres"].Pid!.Value));
        _rounds.Add(name, await generator.SendAsync(server.Address, calls), "results/s");
        cpu.AddTo(_rounds, name, calls);
        if (await Positions.CountAsync(server.Address) - before is var stored && stored != calls)
        {
            throw new InvalidOperationException($"{calls} calls were answered, but {stored} results are stored.");
        }
    }

    /// <summary>The median of the rounds' own ratios: both of a round ran beside each other, so what the machine does to one it does to both.</summary>
    private IEnumerable<double> Ratios(string name, string baseline) => _rounds[name].Zip(_rounds[baseline], (a, b) => a / b);

    /// <summary>What the Calculator without a backlog has stored counts as relayed, so that it stays without one.</summary>
    private async Task MarkRelayedAsync()
    {
        foreach (var shard in await Positions.OfAsync(none.Address))
        {
            await Sql.RunAsync(
                system.Connections.Calculator,
                $"UPDATE {EmptySchema}.progress SET relayed = {shard.Committed.Sequence} WHERE shard = {shard.Committed.Shard}");
        }
    }
}
