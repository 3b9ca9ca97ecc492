using System.Diagnostics;
using Tally.AppHost.Commands;
using Tally.AppHost.Commands.Demo;
using Tally.AppHost.Commands.Load;
using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Chaos;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;
using Xunit.Abstractions;

namespace Tally.AppHost.Tests.Load;

/// <summary>Half of what the machine takes, for long: nothing grows, and old segments go meanwhile.</summary>
[Collection(nameof(WholeSystems))]
public sealed class SoakTests(ITestOutputHelper output)
{
    // The first one isn't compared: programs are still warming up.
    private const int Parts = 6;
    private const int Users = 200;
    private const string Segments = "SELECT count(*) FROM pg_partition_tree('outbox.outbox_batches') WHERE isleaf";
    private static readonly string[] Services = ["calculator-1", "totals-1"];
    private static readonly TimeSpan Noise = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [KafkaFact]
    public Task Nothing_grows_in_minutes() => SoakAsync(TimeSpan.FromMinutes(3));

    [ThoroughFact]
    public Task Nothing_grows_in_half_an_hour() => SoakAsync(TimeSpan.FromMinutes(30));

    private async Task SoakAsync(TimeSpan length)
    {
        await using var whole = await WholeSystem.StartAsync(settings => settings with
        {
            ServiceSettings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Outbox:SegmentSize"] = "5000", ["Outbox:Retention"] = "00:00:05" },
        });
        var callers = new OpenModelCallers(whole.System.AddressesOf(ServiceNames.Calculator, ComponentNames.Grpc), CallerHabits.New());
        await LoadAsync(new LoadStage(5_000, 5_000, TimeSpan.FromSeconds(3)));
        var most = (await LoadAsync(new LoadStage(30_000, 30_000, TimeSpan.FromSeconds(3)))).Single().AnsweredRate;

        var part = length / Parts;
        using var over = new CancellationTokenSource();
        var watching = WatchAsync(whole, part, over.Token);
        var steps = await LoadAsync([.. Enumerable.Repeat(new LoadStage(most / 2, most / 2, part), Parts)]);
        await over.CancelAsync();
        var seen = await watching;
        output.WriteLine($"{most:N0}/s at most, half of it asked for; p50 {string.Join(", ", steps.Select(step => $"{step.Latency.P50.TotalMilliseconds:0.0}"))} ms");
        Array.ForEach(seen, held => output.WriteLine($"{held}"));

        Assert.All(steps, step => Assert.True(step.Failed == 0 && step.NotBegun < step.Due / 100, $"{step}"));
        Assert.InRange(Longer(steps[^2], steps[^1]), TimeSpan.Zero, (1.5 * Longer(steps[1], steps[2])) + Noise);
        foreach (var service in Services)
        {
            var (early, late) = (seen[1].Of[service], seen[^1].Of[service]);
            Assert.True(late.Megabytes <= 1.1 * early.Megabytes, $"{service} grew from {early.Megabytes:0} to {late.Megabytes:0} MB.");
            Assert.True(late.Handles <= early.Handles + 10, $"{service} has {late.Handles} handles, and had {early.Handles}.");
            Assert.True(late.Threads <= early.Threads + 5, $"{service} has {late.Threads} threads, and had {early.Threads}.");
        }

        Assert.True(seen[^1].Segments <= seen[1].Segments + 8, $"There are {seen[^1].Segments} segments, and were {seen[1].Segments}.");
        Assert.True(await whole.QueryOutboxAsync("SELECT sum(last_sequence) FROM outbox.trimmed") > callers.Books.Accepted.Count / 2);
        await whole.ProveAsync(callers.Books, Patience);

        Task<IReadOnlyList<LoadStep>> LoadAsync(params LoadStage[] stages) => callers.RunAsync(Users, perConnection: 50, stages);
    }

    private static TimeSpan Longer(LoadStep one, LoadStep other) => one.Latency.P50 > other.Latency.P50 ? one.Latency.P50 : other.Latency.P50;

    /// <returns>What was seen in each part, on the average.</returns>
    private static async Task<Seen[]> WatchAsync(WholeSystem whole, TimeSpan part, CancellationToken over)
    {
        var parts = new List<Seen>();
        while (!over.IsCancellationRequested)
        {
            var looks = new List<Seen>();
            for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < part && !over.IsCancellationRequested;)
            {
                looks.Add(new Seen(Services.ToDictionary(service => service, service => Held.By(whole.System.State.Components[service].Pid!.Value)), await whole.QueryOutboxAsync(Segments)));
                await Task.Delay(TimeSpan.FromSeconds(1), over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            if (parts.Count < Parts && looks.Count > 0)
            {
                parts.Add(Seen.Average(looks));
            }
        }

        return [.. parts];
    }

    private sealed record Seen(IReadOnlyDictionary<string, Held> Of, double Segments)
    {
        public static Seen Average(IReadOnlyCollection<Seen> looks) => new(
            Services.ToDictionary(
                service => service,
                service => new Held(
                    looks.Average(look => look.Of[service].Megabytes), looks.Average(look => look.Of[service].Handles), looks.Average(look => look.Of[service].Threads))),
            looks.Average(look => look.Segments));

        public override string ToString() =>
            $"{string.Join("; ", Of.Select(of => $"{of.Key} {of.Value.Megabytes:0.0} MB, {of.Value.Handles:0.0} handles, {of.Value.Threads:0.0} threads"))}; {Segments:0.0} segments";
    }

    /// <summary>What a process holds, as Linux counts it.</summary>
    private sealed record Held(double Megabytes, double Handles, double Threads)
    {
        public static Held By(int pid) => new(
            Processes.Status(pid, "VmRSS") / 1_024.0, Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Count(), Processes.Status(pid, "Threads"));
    }
}
