using System.Globalization;
using Tally.AppHost.Commands;
using Tally.AppHost.Commands.Demo;
using Tally.AppHost.Commands.Load;
using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Chaos;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Load;

/// <summary>Many times more is asked for than PostgreSQL can commit: what it can is done all the same, the rest is refused at once, and nothing grows.</summary>
[Collection(nameof(WholeSystems))]
public sealed class OverloadTests
{
    private const int Users = 600;
    private const double AtOnceSeconds = 0.05;
    private const int MostMegabytes = 250;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Recovered = TimeSpan.FromSeconds(5);

    [KafkaFact]
    public async Task Ten_times_too_much_is_refused_at_once_and_costs_little_of_what_can_be_done()
    {
        await using var whole = await WholeSystem.StartAsync(settings => settings with
        {
            // Its commits are made slow.
            Postgres = null,
            ServiceSettings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Outbox:MaxBatchResults"] = "2", ["Outbox:QueueCapacity"] = "20" },
        });
        await SlowCommits.BeginAsync(whole, TimeSpan.FromMilliseconds(100));

        var callers = new OpenModelCallers(
            whole.System.AddressesOf(ServiceNames.Calculator, ComponentNames.Grpc), CallerHabits.New() with { SendsRefusedAgain = false });
        var peak = await LoadAsync(rate: 300, TimeSpan.FromSeconds(5));
        var ready = ReadyAllAlongAsync(whole, out var over);
        var overloaded = await LoadAsync(rate: 1_600, TimeSpan.FromSeconds(6));
        await over.CancelAsync();

        Assert.True(peak.AnsweredRate < 200, $"{peak.AnsweredRate:N0}/s are answered: nothing is overloaded.");
        Assert.True(overloaded.AnsweredRate >= 0.9 * peak.AnsweredRate, $"{peak.AnsweredRate:N0}/s were answered before, {overloaded.AnsweredRate:N0}/s under ten times the load.");
        Assert.True(overloaded.Failed > overloaded.Answered, $"{overloaded}");
        Assert.True(await ready, "The Calculator said that it isn't ready.");
        var atOnce = await RefusedWithinAsync(whole, AtOnceSeconds);
        Assert.True(atOnce >= 0.99, $"{atOnce:0.0%} were refused at once.");
        Assert.True(Processes.Status(whole.System.State.Components["calculator-1"].Pid!.Value, "VmHWM") / 1_024 < MostMegabytes);

        // At once, and for as long as recovering may take: nothing is refused any more, and nobody waits for what was left behind.
        var after = await LoadAsync(rate: 50, Recovered);
        Assert.True(after is { Failed: 0, NotBegun: 0 } && after.Latency.P99 < Recovered, $"{after}");
        Assert.All(callers.Failures, failure => Assert.StartsWith("RESOURCE_EXHAUSTED: Too many calls wait for a commit", failure, StringComparison.Ordinal));
        await whole.ProveAsync(callers.Books, Patience);

        async Task<LoadStep> LoadAsync(int rate, TimeSpan length) => (await callers.RunAsync(Users, perConnection: 100, new LoadStage(rate, rate, length))).Single();
    }

    /// <returns>Whether the Calculator says at every look that it is ready.</returns>
    private static Task<bool> ReadyAllAlongAsync(WholeSystem whole, out CancellationTokenSource over)
    {
        var end = over = new CancellationTokenSource();
        return Task.Run(async () =>
        {
            while (!end.IsCancellationRequested)
            {
                if (!await whole.IsReadyAsync("calculator-1"))
                {
                    return false;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(200), end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            end.Dispose();
            return true;
        });
    }

    /// <summary>The share of refusals that took the Calculator no longer than this.</summary>
    private static async Task<double> RefusedWithinAsync(WholeSystem whole, double seconds)
    {
        const string Refused = "rpc_response_status_code=\"RESOURCE_EXHAUSTED\"";
        using var http = ComponentProbe.NewClient();
        var lines = (await http.GetStringAsync(new Uri(new Uri(whole.System.AddressesOf(ServiceNames.Calculator, ComponentNames.Http)[0]), "/metrics")))
            .Split('\n').Where(line => line.Contains(Refused, StringComparison.Ordinal)).ToArray();
        var bound = string.Create(CultureInfo.InvariantCulture, $"le=\"{seconds}\"");
        return ValueOf(lines.Single(line => line.Contains("_bucket", StringComparison.Ordinal) && line.Contains(bound, StringComparison.Ordinal)))
            / ValueOf(lines.Single(line => line.Contains("_count", StringComparison.Ordinal)));

        static double ValueOf(string line) => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }
}
