using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Proof;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Commands.Load;

/// <summary>k6 with the scripts in <c>load</c>.</summary>
/// <param name="k6">Which k6.</param>
/// <param name="scripts">The folder of the scripts.</param>
/// <param name="output">Where what it prints goes.</param>
internal sealed class K6Generator(K6Tool k6, string scripts, CommandOutput output) : ILoadGenerator
{
    /// <summary>k6 ends with this when thresholds don't hold: what that means is said by the summary.</summary>
    private const int ThresholdsFailed = 99;

    /// <summary>More of the machine than this, and the generator is what is slow.</summary>
    private const double OwnShare = 0.4;

    private const double FewDropped = 0.01;

    public string Name => $"k6 {k6.Version}";

    public long? Seed => null;

    public async Task<LoadOutcome> RunAsync(LoadTarget target, LoadPlan plan, CancellationToken cancellationToken)
    {
        var file = Path.Combine(plan.Folder, "k6.json");
        File.Delete(file);
        var (exitCode, share) = await RunAsync(StartOf(target, plan), cancellationToken);
        if (exitCode is not (0 or ThresholdsFailed) || !File.Exists(file))
        {
            throw new CommandException("COMPONENT_FAILED", $"k6 ended with exit code {exitCode}; what it said is above.", ExitCodes.Failed);
        }

        var summary = JsonSerializer.Deserialize(await File.ReadAllTextAsync(file, cancellationToken), K6Json.Default.K6Summary)!;
        return OutcomeOf(summary) with { Limit = LimitOf(summary, plan.Scenario, share) };
    }

    private ProcessStartInfo StartOf(LoadTarget target, LoadPlan plan)
    {
        var name = plan.Scenario.Name;
        string[] toPrometheus = target.Prometheus is null ? [] : ["--out", "experimental-prometheus-rw", "--tag", $"testid={name}"];
        return new ProcessStartInfo(k6.Program, ["run", "--quiet", "--no-color", .. toPrometheus, Path.Combine(scripts, $"{name}.js")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            Environment =
            {
                [Watchdog.Variable] = Watchdog.Token,
                ["CALCULATORS"] = HostsOf(target.Calculators),
                ["TOTALS"] = HostsOf(target.Totals),
                ["RATE"] = plan.Rate.ToString(CultureInfo.InvariantCulture),
                ["DURATION"] = plan.Length.TotalSeconds.ToString(CultureInfo.InvariantCulture),
                ["USERS"] = plan.Users.ToString(CultureInfo.InvariantCulture),
                ["PATIENCE"] = plan.Patience.TotalSeconds.ToString(CultureInfo.InvariantCulture),
                ["OUT"] = plan.Folder,
                ["K6_NO_USAGE_REPORT"] = "true",
                ["K6_PROMETHEUS_RW_SERVER_URL"] = $"{target.Prometheus}/api/v1/write",
                ["K6_PROMETHEUS_RW_TREND_STATS"] = "p(50),p(95),p(99),max",
                ["K6_PROMETHEUS_RW_PUSH_INTERVAL"] = "1s",
                ["K6_PROMETHEUS_RW_STALE_MARKERS"] = "true",
            },
        };
    }

    /// <summary>Runs it to its end, and tells how much of the processors it used in the second when it used most.</summary>
    private async Task<(int ExitCode, double Share)> RunAsync(ProcessStartInfo start, CancellationToken cancellationToken)
    {
        using var process = Process.Start(start)!;
        var said = Task.WhenAll(CopyAsync(process.StandardOutput), CopyAsync(process.StandardError));
        using var status = new StatusLine(output.Terminal, TimeProvider.System);
        var began = Stopwatch.GetTimestamp();
        var (share, used, at) = (0.0, TimeSpan.Zero, began);
        var ended = process.WaitForExitAsync(cancellationToken);
        try
        {
            while (await Task.WhenAny(ended, Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None)) != ended)
            {
                var usedNow = UsedBy(process) ?? used;
                share = Math.Max(share, (usedNow - used) / Stopwatch.GetElapsedTime(at) / Environment.ProcessorCount);
                (used, at) = (usedNow, Stopwatch.GetTimestamp());
                status.Show($"{Name} makes calls: {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s");
            }

            await ended;
            await said;
            return (process.ExitCode, share);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>The processor time it has used; null once it has ended.</summary>
    private static TimeSpan? UsedBy(Process process)
    {
        try
        {
            return process.TotalProcessorTime;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private async Task CopyAsync(StreamReader from)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            output.Note(line);
        }
    }

    private static LoadOutcome OutcomeOf(K6Summary summary)
    {
        var steps = summary.Stages.Select(stage => new LoadStep(stage.Rate, stage.Seconds)
        {
            Due = stage.Due,
            NotBegun = stage.Due - stage.Begun,
            Answered = stage.Answered,
            Failed = stage.Begun - stage.Answered,
            Latency = stage.LatencyMs.ToLatency(),
        }).ToArray();
        var all = LoadStep.OfAll(steps, summary.LatencyMs.ToLatency()) with
        {
            Due = summary.Begun + summary.NotBegun,
            NotBegun = summary.NotBegun,
            Answered = summary.Accepted.Count,
            Failed = summary.Begun - summary.Accepted.Count,
        };
        return new LoadOutcome(new Books(summary.Accepted, summary.Unknown, Refused: 0, summary.Wrong), all, steps)
        {
            Problems = [.. summary.FailedThresholds.Select(threshold => $"k6: {threshold} doesn't hold.")],
        };
    }

    private static string? LimitOf(K6Summary summary, LoadScenario scenario, double share) =>
        summary.NotBegun <= (scenario.SeeksLimit ? 0 : FewDropped * (summary.Begun + summary.NotBegun)) ? null
            : share >= OwnShare ? $"k6: it used up to {share:0%} of this machine's processors, and {summary.NotBegun:N0} calls never began. With --builtin there is more to be had"
            : $"the system: k6 used up to {share:0%} of this machine's processors, and {summary.NotBegun:N0} calls never began";

    private static string HostsOf(IReadOnlyList<string> addresses) => string.Join(',', addresses.Select(address => new Uri(address).Authority));
}
