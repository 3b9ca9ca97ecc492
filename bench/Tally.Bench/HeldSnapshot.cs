using System.Diagnostics;
using Npgsql;
using Tally.AppHost.Hosting;
using Tally.Bench.Figures;
using Tally.Bench.Load;

namespace Tally.Bench;

/// <summary>
/// Whether somebody's old snapshot (a backup, a forgotten transaction) slows the whole way down: measured without one, and with one held open in both databases
/// for a while of load and so many renewals of leases that whatever is updated often has a long chain of dead versions.
/// </summary>
internal sealed class HeldSnapshot(BenchOptions options, LocalSystem system, Generator generator)
{
    private const string Calculator = "calculator-1";
    private const string Totals = "totals-1";
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);

    private readonly RoundFigures _rounds = new();
    private readonly WholeWayLoad _load = WholeWayLoad.Over(system, generator);

    public static async Task<int> RunAsync(BenchOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("tally-bench-").FullName;
        var settings = SystemSettings.FromEnvironment(folder) with { Ports = WantedPorts.Free, Temporary = true };
        await using var system = await LocalSystem.StartAsync(settings, new ErrorReporter(), CancellationToken.None);
        var result = await new HeldSnapshot(options, system, new Generator()).MeasureAsync();
        return result.Tell(options);
    }

    private async Task<BenchResult> MeasureAsync()
    {
        // As warm without a snapshot as it will be with one.
        await _load.SendAsync(50_000);
        var speed = await _load.SendAsync(100_000);
        await LoadAsync(speed);
        var calls = (long)(speed * options.Seconds);

        await RoundAsync("without", calls);
        for (var round = 1; round <= options.Rounds; round++)
        {
            await using (await Snapshot.TakeAsync(system.Connections.Calculator, "outbox.outbox_batches"))
            await using (await Snapshot.TakeAsync(system.Connections.Totals, "inbox.folds"))
            {
                await LoadAsync(speed);
                var renewing = Stopwatch.GetTimestamp();
                await RenewLeasesAsync();
                await Console.Error.WriteLineAsync($"{options.Renewals:N0} renewals took {Stopwatch.GetElapsedTime(renewing).TotalSeconds:N0} s");
                await RoundAsync("with", calls);
                _rounds.Add("leases_size", await Sql.NumberAsync(system.Connections.Calculator, "SELECT pg_relation_size('outbox.leases')") / 1e6, "MB");
            }

            await Sql.RunAsync(system.Connections.Calculator, "VACUUM");
            await Sql.RunAsync(system.Connections.Totals, "VACUUM");
            await RoundAsync("without", calls);
            await Console.Error.WriteLineAsync($"round {round} of {options.Rounds}: {_rounds.Last()}");
        }

        _rounds.AddAll("held_snapshot_ratio", _rounds["with"].Zip(Around("without"), (a, b) => a / b), "ratio");
        foreach (var part in new[] { "_calculator", "_totals", "_postgres", "_kafka", "" })
        {
            _rounds.AddAll($"held_snapshot{part}_cpu_ratio", Around($"without{part}_cpu").Zip(_rounds[$"with{part}_cpu"], (a, b) => a / b), "ratio");
        }

        var figures = _rounds.ToFigures();
        figures["calculator_memory"] = new Figure(Math.Round(Machine.PeakMegabytes(PidOf(Calculator)), 1), 0, "MB");
        figures["totals_memory"] = new Figure(Math.Round(Machine.PeakMegabytes(PidOf(Totals)), 1), 0, "MB");
        var kafka = system.State.Components["kafka"];
        return new BenchResult(
            "held-snapshot",
            Machine.Commit(),
            Machine.Describe(),
            generator.Name,
            Machine.Describe(kafka),
            options.Rounds,
            Echo: null,
            DurableRatio: null,
            WholeWayRatio: null,
            figures)
        {
            HeldSnapshotRatio = figures["held_snapshot_ratio"].Median,
        };
    }

    private async Task RoundAsync(string name, long calls)
    {
        var cpu = new CpuMeter(("calculator", PidOf(Calculator)), ("totals", PidOf(Totals)), ("postgres", PidOf("postgres")), ("kafka", PidOf("kafka")));
        _rounds.Add(name, await _load.SendAsync(calls), "results/s");
        cpu.AddTo(_rounds, name, calls);

        // What the chores of both services cost the database while nothing is asked of them: they are what reads the dead versions.
        var postgres = PidOf("postgres");
        var (began, before) = (Stopwatch.GetTimestamp(), Machine.CpuSeconds(postgres));
        await Task.Delay(Idle);
        _rounds.Add($"{name}_idle_postgres_cpu", (Machine.CpuSeconds(postgres) - before) * 1e3 / Stopwatch.GetElapsedTime(began).TotalSeconds, "ms/s");
    }

    /// <summary>The mean of what was measured before and after each round with a snapshot: the tables grow all the time, and that is not what is asked.</summary>
    private IEnumerable<double> Around(string name) => _rounds[name].Zip(_rounds[name].Skip(1), (before, after) => (before + after) / 2);

    private async Task LoadAsync(double speed)
    {
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began).TotalSeconds < options.Load;)
        {
            await _load.SendAsync((long)(speed * Math.Min(5, options.Load)));
        }
    }

    /// <summary>
    /// What a Calculator writes again and again while it has load, in as many transactions as it would need hours for: lives of instances, leases, and what
    /// was relayed.
    /// </summary>
    private async Task RenewLeasesAsync()
    {
        await using var connection = new NpgsqlConnection(system.Connections.Calculator.ConnectionString);
        await connection.OpenAsync();

        // Who waits for the disk each time leaves the same versions behind.
        await Sql.RunAsync(connection, "SET synchronous_commit = off");
        await using var renewal = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("UPDATE outbox.instances SET alive_until = alive_until"),
                new("UPDATE outbox.leases SET lease_until = lease_until"),
                new("UPDATE outbox.progress SET relayed = relayed"),
            },
        };
        await renewal.PrepareAsync();
        for (var i = 0; i < options.Renewals; i++)
        {
            await renewal.ExecuteNonQueryAsync();
        }
    }

    private int PidOf(string component) => system.State.Components[component].Pid!.Value;
}
