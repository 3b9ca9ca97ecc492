using System.Text.Json;
using Tally.AppHost.Commands;
using Tally.AppHost.Commands.Chaos;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Proof;

namespace Tally.AppHost.Tests.Chaos;

public sealed class ChaosReportTests
{
    private static readonly ChaosStep Kill = new(1, TimeSpan.Zero, "kafka", ChaosKind.Kill);

    private static readonly ChaosStep Freeze = new(2, TimeSpan.Zero, "totals-1", ChaosKind.Freeze) { Frozen = TimeSpan.FromSeconds(2.5) };

    private static readonly ChaosStep Labelled =
        new(3, TimeSpan.Zero, "calculator-2", ChaosKind.FaultPoint) { FaultPoint = "claim", Times = 2 };

    [Fact]
    public void The_answer_is_that_of_a_proof_with_what_was_done()
    {
        using var written = new StringWriter();
        var chaos = new ChaosReport([Outcome(Kill, 3), Outcome(Freeze, 1), Outcome(Labelled, 8) with { Reached = true }, Outcome(Kill, 2)]);

        Assert.Equal(0, Report(chaos).Tell(new JsonOutput(new Terminal(() => TextReader.Null, written, TextWriter.Null))));

        var answer = JsonDocument.Parse(written.ToString()).RootElement;
        Assert.Equal(
            [
                "ok", "accepted", "stored", "published", "applied", "unknown", "duplicates_suppressed", "gaps", "quarantined", "seconds", "seed",
                "components", "kills", "plan", "recovery_seconds",
            ],
            answer.EnumerateObject().Select(property => property.Name));
        Assert.Equal(4, answer.GetProperty("kills").GetInt32());
        Assert.Equal("""{"median":2.5,"worst":8}""", answer.GetProperty("recovery_seconds").GetRawText());
        Assert.Equal(
            [
                """{"number":1,"at":10,"whom":"kafka","how":"kill","recovery_seconds":3}""",
                """{"number":2,"at":10,"whom":"totals-1","how":"freeze","frozen_seconds":2.5,"recovery_seconds":1}""",
                """{"number":3,"at":10,"whom":"calculator-2","how":"fault_point","step":"claim","times":2,"reached":true,"recovery_seconds":8}""",
                """{"number":1,"at":10,"whom":"kafka","how":"kill","recovery_seconds":2}""",
            ],
            answer.GetProperty("plan").EnumerateArray().Select(step => step.GetRawText()));
    }

    [Fact]
    public void A_system_that_is_not_well_again_in_time_is_a_problem()
    {
        var chaos = new ChaosReport([Outcome(Labelled, null)]);

        Assert.Equal(
            ["The system wasn't well again in time after step 3 (calculator-2: kill -9 at claim, time 2)."], chaos.Problems);
        Assert.Equal(new RecoveryAnswer(0, 0), chaos.Recovery);
    }

    [Fact]
    public void A_death_that_no_step_wanted_is_a_problem() => Assert.Equal(
        ["totals-1 died (exit code 134), which no step wanted."],
        new ChaosReport([Outcome(Kill, 3)]) { Deaths = ["totals-1 died (exit code 134)"] }.Problems);

    private static ChaosOutcome Outcome(ChaosStep step, double? recovery) =>
        new(step, TimeSpan.FromSeconds(10), Reached: null, recovery is { } seconds ? TimeSpan.FromSeconds(seconds) : null);

    private static ProofReport Report(ChaosReport chaos) =>
        new(new Evidence([]), default(Books), []) { Seed = 1, Seconds = 1, Chaos = chaos };
}
