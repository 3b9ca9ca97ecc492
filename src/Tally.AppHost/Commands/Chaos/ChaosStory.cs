using Tally.AppHost.Commands.Demo;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;
using Tally.AppHost.Proof;

namespace Tally.AppHost.Commands.Chaos;

/// <summary>The story on a running system: callers add, components die, all grows quiet, and the proof is made.</summary>
internal sealed class ChaosStory(CommandOutput output, TimeProvider time)
{
    private const int Callers = 64;

    /// <summary>Where the numbers come from.</summary>
    public required long Seed { get; init; }

    /// <summary>What is done to whom.</summary>
    public required IEnumerable<ChaosStep> Plan { get; init; }

    /// <summary>No further faults after that.</summary>
    public required TimeSpan AtMost { get; init; }

    /// <summary>Calls a second.</summary>
    public required int Rate { get; init; }

    /// <summary>How long a labelled step may take to be reached; what is run against the clock doesn't wait long.</summary>
    public TimeSpan FaultPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long to wait for the total at the end.</summary>
    public required TimeSpan Patience { get; init; }

    /// <summary>The system that the story needs.</summary>
    /// <param name="folder">Its data folder.</param>
    public static SystemSettings SettingsOf(string folder) => SystemSettings.FromEnvironment(folder) with
    {
        // It kills what it started itself, and nobody else's.
        Postgres = null,
        KafkaServers = null,
        Parts = SystemParts.Postgres | SystemParts.Kafka | SystemParts.Services,
        Ports = WantedPorts.Free,
        Calculators = ChaosPlan.Instances,
        Totals = ChaosPlan.Instances,
        ServiceSettings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // Each result is listed, too, so that one that is doubled while another is lost shows; and segments are small and short-lived, so that many are
            // made and dropped.
            ["Totals:History"] = "table",
            ["Outbox:SegmentSize"] = "1000",
            ["Outbox:Retention"] = "00:00:00",
        },
    };

    /// <param name="system">The system.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<ProofReport> RunAsync(LocalSystem system, CancellationToken cancellationToken)
    {
        using var status = new StatusLine(output.Terminal, time);
        var began = time.GetTimestamp();
        using var load = new ChaosLoad(new RandomSums(Seed), Rate, time);
        using var channels = new CalculatorChannels(system.AddressesOf(ServiceNames.Calculator, ComponentNames.Grpc), Callers);
        var habits = CallerHabits.New() with { GiveUpAfter = TimeSpan.FromMinutes(5) };
        var callers = Enumerable.Range(0, Callers).Select(at => new Caller(channels.ClientsOf(at), load, habits, time)).ToArray();

        var calls = Task.WhenAll(callers.Select(caller => Task.Run(() => caller.RunAsync(cancellationToken), CancellationToken.None)));
        ChaosReport chaos;
        try
        {
            chaos = new ChaosReport(await new ChaosRun(system, load, time, outcome => Say(outcome, load)) { FaultPatience = FaultPatience }
                .RunAsync(Plan, AtMost, cancellationToken));
        }
        finally
        {
            // A caller in the middle of a call asks until it has the answer.
            load.End();
            status.Show("waiting for the last answers");
            await calls;
        }

        var books = callers.Aggregate(default(Books), (sum, caller) => sum + caller.Books.Books);
        status.Show("waiting for the total");
        await new TotalWait(system.AddressesOf(ServiceNames.Totals, ComponentNames.Grpc), time)
            .ForAsync(TotalWait.LastOf(callers.Select(caller => caller.Books)), Patience, cancellationToken);
        var seconds = time.GetElapsedTime(began).TotalSeconds;

        await using var sources = new LiveSources(
            system.Connections.Calculator.ConnectionString, system.AddressesOf(ServiceNames.Totals, ComponentNames.Http));
        var evidence = await new ProofRun(sources, time).CollectAsync(Patience, status.Show, cancellationToken);
        if (callers.Select(caller => caller.Books.FirstFailure).FirstOrDefault(failure => failure is not null) is { } failure)
        {
            output.Note($"Not every call was answered OK; for example: {failure}");
        }

        chaos = chaos with { Deaths = system.Deaths };
        return new ProofReport(evidence, books, [.. Judge.ProblemsOf(evidence, books), .. UnknownOf(books), .. chaos.Problems])
        {
            Seconds = seconds,
            Seed = Seed,
            Components = await ComponentProbe.AskAsync(system.State, cancellationToken),
            Chaos = chaos,
        };
    }

    // Its calls have keys, and are made again until they are answered.
    private static IEnumerable<string> UnknownOf(Books books) =>
        books.Unknown == 0 ? [] : [$"{books.Unknown} calls were never answered, though they were made again and again."];

    private void Say(ChaosOutcome outcome, ChaosLoad load) => output.Note(
        $"step {outcome.Step.Number}, {outcome.At.TotalSeconds:0.0} s: {ChaosReport.Words(outcome)}; well again after {ChaosReport.SecondsOf(outcome)}, "
        + $"{load.DoneCalls:N0} calls done");
}
