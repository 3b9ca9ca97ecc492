using Tally.AppHost.Commands.Output;

namespace Tally.AppHost.Commands.Chaos;

/// <summary>What was done to a system, and how long it took to be well again each time.</summary>
internal sealed record ChaosReport(IReadOnlyList<ChaosOutcome> Outcomes)
{
    /// <summary>The deaths that no step wanted, a sentence each.</summary>
    public IReadOnlyList<string> Deaths { get; init; } = [];

    /// <summary>What is wrong, a sentence each.</summary>
    public IEnumerable<string> Problems => Outcomes.Where(outcome => outcome.Recovery is null)
        .Select(outcome => $"The system wasn't well again in time after step {outcome.Step.Number} ({outcome.Step}).")
        .Concat(Deaths.Select(death => $"{death}, which no step wanted."));

    /// <summary>The times of those steps after which the system was well again.</summary>
    public RecoveryAnswer Recovery
    {
        get
        {
            var seconds = Outcomes.Select(outcome => outcome.Recovery?.TotalSeconds).OfType<double>().Order().ToArray();
            return seconds.Length == 0
                ? new RecoveryAnswer(0, 0)
                : new RecoveryAnswer(Round((seconds[(seconds.Length - 1) / 2] + seconds[seconds.Length / 2]) / 2), Round(seconds[^1]));
        }
    }

    /// <summary>The steps for programs.</summary>
    public IReadOnlyList<ChaosStepAnswer> Steps =>
    [
        .. Outcomes.Select(outcome => new ChaosStepAnswer(
            outcome.Step.Number,
            Round(outcome.At.TotalSeconds),
            outcome.Step.Whom,
            outcome.Step.Kind switch { ChaosKind.Kill => "kill", ChaosKind.Freeze => "freeze", _ => "fault_point" },
            outcome.Step.FaultPoint,
            outcome.Step.Kind == ChaosKind.FaultPoint ? outcome.Step.Times : null,
            outcome.Step.Kind == ChaosKind.Freeze ? Round(outcome.Step.Frozen.TotalSeconds) : null,
            outcome.Reached,
            outcome.Recovery is { } recovery ? Round(recovery.TotalSeconds) : null)),
    ];

    /// <summary>Writes the steps for people.</summary>
    public void Write(TextAnswer text)
    {
        var table = new TextTable(
            new Column("step", ToTheRight: true), new Column("at", ToTheRight: true), new Column("what"), new Column("well again after", ToTheRight: true));
        foreach (var outcome in Outcomes)
        {
            table.Add($"{outcome.Step.Number}", $"{outcome.At.TotalSeconds:0.0} s", Words(outcome), SecondsOf(outcome));
        }

        text.Table(table);
        text.Line($"well again after          {Recovery.Median:0.0} s (median), {Recovery.Worst:0.0} s (worst)");
    }

    /// <summary>A step and what became of it.</summary>
    public static string Words(ChaosOutcome outcome) => outcome.Reached == false ? $"{outcome.Step} (not reached: it ended elsewhere)" : $"{outcome.Step}";

    /// <summary>How long it took.</summary>
    public static string SecondsOf(ChaosOutcome outcome) => outcome.Recovery is { } recovery ? $"{recovery.TotalSeconds:0.0} s" : "never";

    private static double Round(double seconds) => Math.Round(seconds, 3);
}
