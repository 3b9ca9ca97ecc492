using Tally.AppHost.Commands.Chaos;
using Tally.AppHost.Commands.Load;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Proof;

namespace Tally.AppHost.Commands;

/// <summary>What a proof found, ready to be told.</summary>
/// <param name="Evidence">What was found in all places.</param>
/// <param name="Books">What the callers know, if there were any.</param>
/// <param name="Problems">What is wrong; nothing when it's a proof.</param>
internal sealed record ProofReport(Evidence Evidence, Books? Books, IReadOnlyList<string> Problems)
{
    public double Seconds { get; init; }

    public long? Seed { get; init; }

    public IReadOnlyDictionary<string, ComponentAnswer> Components { get; init; } = new Dictionary<string, ComponentAnswer>();

    /// <summary>What was done to the system before, if anything.</summary>
    public ChaosReport? Chaos { get; init; }

    /// <summary>What load it was under, if that was the question.</summary>
    public LoadReport? Load { get; init; }

    /// <summary>What was demanded beside the proof and doesn't hold, such as a limit of speed; nothing is lost or doubled for that.</summary>
    public IReadOnlyList<string> Shortcomings { get; init; } = [];

    public bool IsProved => Problems.Count == 0;

    private bool IsOk => IsProved && Shortcomings.Count == 0;

    /// <summary>Writes it down, and says how the program ends.</summary>
    public int Tell(CommandOutput output)
    {
        if (Chaos is { } chaos)
        {
            var answer = new ChaosAnswer(ToAnswer()) { Kills = chaos.Outcomes.Count, Plan = chaos.Steps, RecoverySeconds = chaos.Recovery };
            output.Answer(answer, Answers.Readable.ChaosAnswer, Write);
        }
        else if (Load is { } load)
        {
            output.Answer(load.ToAnswer(ToAnswer()), Answers.Readable.LoadAnswer, Write);
        }
        else
        {
            output.Answer(ToAnswer(), Answers.Readable.ProofAnswer, Write);
        }

        return IsOk ? ExitCodes.Done : ExitCodes.Failed;
    }

    private ProofAnswer ToAnswer() => new(
        IsOk,
        IsOk ? null : new ErrorAnswer(IsProved ? "LIMIT_EXCEEDED" : "PROOF_FAILED", string.Join(' ', Problems.Concat(Shortcomings))),
        Books?.Accepted,
        Evidence.Stored,
        Evidence.Trimmed.Count == 0 ? null : Evidence.Trimmed,
        Evidence.Published,
        Evidence.Applied,
        Evidence.Adopted.Count == 0 ? null : Evidence.Adopted,
        Evidence.History,
        Books?.Unknown,
        Evidence.DuplicatesSuppressed,
        Evidence.Gaps,
        Evidence.Quarantined,
        Math.Round(Seconds, 3),
        Seed,
        Components);

    private void Write(TextAnswer text)
    {
        var places = new TextTable(
            new Column("place"), new Column("results", ToTheRight: true), new Column("sum", ToTheRight: true), new Column("what it is"));
        if (Load is { Before: { Count: > 0 } before })
        {
            Add(places, "before", before, "were stored already");
        }

        if (Books is { } books)
        {
            Add(places, "accepted", books.Accepted, "callers were answered OK");
        }

        Add(places, "stored", Evidence.Stored, "committed in the outbox");
        if (Evidence.Trimmed is { Count: > 0 } trimmed)
        {
            Add(places, "trimmed", trimmed, "of that, dropped by retention: relayed and confirmed before");
        }

        Add(places, "published", Evidence.Published, "acknowledged by Kafka");
        Add(places, "applied", Evidence.Applied, "in the running total");
        if (Evidence.Adopted is { Count: > 0 } adopted)
        {
            Add(places, "adopted", adopted, "in the total, lost by the outbox: forks that were adopted");
        }

        if (Evidence.History is { } history)
        {
            Add(places, "history", history, "listed one by one");
        }

        Chaos?.Write(text);
        Load?.Write(text);
        text.Table(places);
        text.Line(Books is null ? "" : $"unknown (never answered)  {Books.Value.Unknown}");
        text.Line($"duplicates suppressed     {Evidence.DuplicatesSuppressed}");
        text.Line($"gaps open                 {Evidence.Gaps}");
        text.Line($"quarantined               {Evidence.Quarantined}");
        text.Line(Books is { Accepted.Count: var count } && Seconds > 0
            ? $"seconds                   {Seconds:F1} ({count / Seconds:N0} results/s, from the first call until the total held the last)"
            : $"seconds                   {Seconds:F1}");
        foreach (var (name, component) in Components.Where(component => component.Value is { State: "ready", Reason: not null }))
        {
            text.Line($"{name} is {component.Reason}: what was answered may be lost in a crash");
        }

        text.Line(IsProved ? "PROVED: nothing lost, nothing doubled." : "NOT PROVED:");
        foreach (var problem in Problems)
        {
            text.Line(problem);
        }

        if (Shortcomings.Count > 0)
        {
            text.Line("But what was demanded besides doesn't hold:");
        }

        foreach (var shortcoming in Shortcomings)
        {
            text.Line(shortcoming);
        }
    }

    private static void Add(TextTable table, string place, Figure figure, string what) =>
        table.Add(place, $"{figure.Count:N0}", figure.Sum.ToString(), what);
}
