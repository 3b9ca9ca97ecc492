using Tally.AppHost.Commands.Output;
using Tally.AppHost.Proof;

namespace Tally.AppHost.Commands.Load;

/// <summary>What a load test found out, beside its proof.</summary>
/// <param name="Plan">What it was to do.</param>
/// <param name="Generator">Who made the calls.</param>
/// <param name="Before">What was stored before.</param>
/// <param name="Outcome">What became of them.</param>
internal sealed record LoadReport(LoadPlan Plan, string Generator, Figure Before, LoadOutcome Outcome)
{
    /// <summary>What is wrong, a sentence each.</summary>
    public IEnumerable<string> Problems =>
        Outcome.Problems.Concat(Plan.Scenario.Limits?.ProblemsOf(Outcome.All) ?? [])
            .Concat(Outcome.Books.Unknown == 0 ? [] : [$"{Outcome.Books.Unknown} calls were never answered, though they were made again and again."]);

    /// <summary>The most that was answered a second while a stage lasted: what the system takes, where the scenario looked for that.</summary>
    public double MostAnswered => Outcome.Steps.Count == 0 ? 0 : Outcome.Steps.Max(step => step.AnsweredRate);

    public void Write(TextAnswer text)
    {
        text.Line($"{Plan.Scenario.Name}, {Generator} generator: {Outcome.All.Due:N0} calls were due, {Outcome.All.Answered:N0} answered OK, {Outcome.All.Failed:N0} failed, {Outcome.All.NotBegun:N0} never began");
        var steps = new TextTable(
            [.. ((string[])["asked/s", "answered/s", "p50 ms", "p95 ms", "p99 ms", "p99.9 ms", "max ms", "failed", "not begun"]).Select(name => new Column(name, ToTheRight: true))]);
        foreach (var step in Outcome.Steps)
        {
            Add(steps, $"{step.Rate:N0}", step);
        }

        Add(steps, "all", Outcome.All);
        text.Table(steps);
        foreach (var line in LoadChart.Draw(Outcome.Steps))
        {
            text.Line(line);
        }

        if (Plan.Scenario.SeeksLimit)
        {
            text.Line($"The most that was answered: {MostAnswered:N0}/s.");
        }

        if (Outcome.Limit is { } limit)
        {
            text.Line($"The limit was {limit}.");
        }

        text.Line($"Summary: {Plan.Folder}");
        text.Line();
    }

    public LoadAnswer ToAnswer(ProofAnswer proof) => new(proof)
    {
        Scenario = Plan.Scenario.Name,
        Generator = Generator,
        Before = Before.Count == 0 ? null : Before,
        All = AnswerOf(Outcome.All),
        Steps = [.. Outcome.Steps.Select(AnswerOf)],
        MostAnsweredPerSecond = Plan.Scenario.SeeksLimit ? Math.Round(MostAnswered, 1) : null,
        Limit = Outcome.Limit,
        Folder = Plan.Folder,
    };

    private static LoadStepAnswer AnswerOf(LoadStep step) => new(
        Math.Round(step.Rate, 1),
        Math.Round(step.AnsweredRate, 1),
        Math.Round(step.Seconds, 3),
        step.Due,
        step.Answered,
        step.Failed,
        step.NotBegun,
        new LatencyAnswer(
            Milliseconds(step.Latency.P50), Milliseconds(step.Latency.P95), Milliseconds(step.Latency.P99), Milliseconds(step.Latency.P999), Milliseconds(step.Latency.Max)));

    private static void Add(TextTable table, string name, LoadStep step) => table.Add(
        name,
        $"{step.AnsweredRate:N0}",
        $"{Milliseconds(step.Latency.P50):N1}",
        $"{Milliseconds(step.Latency.P95):N1}",
        $"{Milliseconds(step.Latency.P99):N1}",
        $"{Milliseconds(step.Latency.P999):N1}",
        $"{Milliseconds(step.Latency.Max):N1}",
        $"{step.Failed:N0}",
        $"{step.NotBegun:N0}");

    private static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);
}
