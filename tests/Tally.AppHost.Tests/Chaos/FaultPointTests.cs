using Tally.AppHost.Commands;
using Tally.AppHost.Commands.Chaos;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Chaos;

/// <summary>The system dies at each labelled step under load, on real PostgreSQL and Kafka, and proves itself afterwards.</summary>
public sealed class FaultPointTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    // In CI the chaos before the tests comes by each label twice at least.
    [KafkaFact]
    public Task A_death_around_a_commit_loses_nothing_and_doubles_nothing() =>
        DieAtAsync([("append.after-send", 1), ("append.after-commit", 1), ("fold.before-commit", 1), ("fold.after-commit", 1)]);

    [ThoroughFact]
    public Task A_death_at_any_labelled_step_loses_nothing_and_doubles_nothing() => DieAtAsync([.. ChaosPlan.FaultPoints.Distinct().Select(name => (name, 1))]);

    // Where several places of the code have a label, the others, too.
    [ThoroughFact]
    public Task A_death_at_the_further_places_of_a_step_loses_nothing_and_doubles_nothing() =>
        DieAtAsync([("claim", 2), ("rewind", 2), ("segment.drop", 2), ("segment.drop", 3)]);

    private static async Task DieAtAsync((string Name, int Times)[] places)
    {
        // A Totals dies while a Calculator does, which takes half the time.
        var ofTotals = places.Where(place => IsOfTotals(place.Name)).ToArray();
        var ofCalculator = places.Except(ofTotals).ToArray();
        var ordered = ofCalculator.Zip(ofTotals, (one, other) => new[] { one, other }).SelectMany(pair => pair)
            .Concat(ofCalculator.Skip(ofTotals.Length)).Concat(ofTotals.Skip(ofCalculator.Length));
        var steps = ordered.Select((place, at) => new ChaosStep(
            at + 1,
            TimeSpan.Zero,
            ServiceNames.Of(IsOfTotals(place.Name) ? ServiceNames.Totals : ServiceNames.Calculator, 1 + (at / 2 % 2)),
            ChaosKind.FaultPoint)
        { FaultPoint = place.Name, Times = place.Times, Overlaps = IsOfTotals(place.Name) }).ToArray();

        var report = await TellAsync(steps);

        Assert.All(report.Chaos!.Outcomes, outcome => Assert.True(outcome.Reached, $"{outcome.Step} was not reached"));
        AssertProved(report, steps.Length);
    }

    private static bool IsOfTotals(string faultPoint) => faultPoint.StartsWith("fold", StringComparison.Ordinal);

    [ThoroughFact]
    public async Task Nothing_is_lost_when_stores_and_owners_die_and_stall_at_once()
    {
        ChaosStep[] steps =
        [
            new(1, TimeSpan.Zero, "calculator-1", ChaosKind.Freeze) { Frozen = TimeSpan.FromSeconds(8) },
            new(2, TimeSpan.FromSeconds(1), "postgres", ChaosKind.Kill) { Overlaps = true },
            new(3, TimeSpan.FromSeconds(1), "totals-2", ChaosKind.Freeze) { Overlaps = true, Frozen = TimeSpan.FromSeconds(8) },
            new(4, TimeSpan.Zero, "kafka", ChaosKind.Kill) { Overlaps = true },
            new(5, TimeSpan.FromSeconds(1), "calculator-2", ChaosKind.Kill) { Overlaps = true },
        ];

        AssertProved(await TellAsync(steps), steps.Length);
    }

    private static async Task<ProofReport> TellAsync(IEnumerable<ChaosStep> steps)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"tally-test-{Guid.NewGuid():N}");
        await using var system = await LocalSystem.StartAsync(
            ChaosStory.SettingsOf(folder) with { Temporary = true }, new TestReporter(), CancellationToken.None).Within(Patience);
        var story = new ChaosStory(new TextOutput(new Terminal(() => TextReader.Null, TextWriter.Null, TextWriter.Null)), TimeProvider.System)
        {
            Seed = 1,
            Plan = steps,
            AtMost = Patience,
            Rate = 200,

            // A Totals may be without a partition that anything comes to, for a while, and a segment has to fill before it's dropped.
            FaultPatience = TimeSpan.FromSeconds(60),
            Patience = TimeSpan.FromMinutes(2),
        };
        var report = await story.RunAsync(system, CancellationToken.None).Within(Patience);
        Assert.False(system.GaveUp.IsCompleted);
        return report;
    }

    private static void AssertProved(ProofReport report, int steps)
    {
        Assert.Empty(report.Problems);
        Assert.Equal((steps, 0), (report.Chaos!.Outcomes.Count, report.Books!.Value.Unknown));
        Assert.True(report.Evidence.Applied.Count > 0);
    }
}
