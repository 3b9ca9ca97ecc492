using System.Globalization;
using Tally.AppHost.Commands.Output;

namespace Tally.AppHost.Commands.Watch;

/// <summary>A state in words, the same as the live page's.</summary>
internal static class WatchWords
{
    /// <summary>What is shown in place of a state that may be old by now.</summary>
    public const string Lost = "no word from Totals; reconnecting …";

    /// <summary>Whether anything is lost or stands still, in a sentence, and whether that is good news.</summary>
    public static (bool IsGood, string Text) Verdict(WatchedState state)
    {
        var stuck = state.Shards.Count(shard => shard.State != "ok");
        return state switch
        {
            _ when IsWrong(state) => (false, "The total is wrong: run ./tally verify"),
            _ when stuck > 0 => (false, stuck == 1 ? "A shard stands still" : $"{stuck} shards stand still"),
            { Trouble: { } trouble } => (false, trouble),
            { Source: null } => (false, "Nobody can be asked what was accepted"),
            { Source.Answers: false } => (false, "No Calculator answers: what was accepted since is unknown"),
            { Audit: null } => (false, "Not compared with the outbox: nobody knows whether anything is lost"),
            _ when state.Audit.Shards < state.Shards.Count => (false, $"{state.Audit.Shards} of {state.Shards.Count} shards compared here: nothing is lost in these"),
            _ when state.Source.Accepted == state.Source.Counted => (true, "Nothing is lost, nothing is waiting"),
            _ => (true, "Nothing is lost; some are on their way"),
        };
    }

    /// <summary>Whether what is counted isn't what was accepted.</summary>
    public static bool IsWrong(WatchedState state) => Difference(state) != 0 || state.Audit?.Differences > 0;

    /// <summary>What was accepted, and what of it is counted.</summary>
    public static string Completeness(WatchedState state)
    {
        var accepted = state.Source is { } source ? $"{Number(source.Accepted)} accepted, " : "";
        var waiting = state.Source is { } at && at.Accepted > at.Counted ? $", {Number(at.Accepted - at.Counted)} on their way" : "";
        var difference = Difference(state) == 0 && state.Audit?.Differences > 0
            ? $"{state.Audit.Differences} {(state.Audit.Differences == 1 ? "shard differs" : "shards differ")} from the outbox"
            : $"difference {Number(Difference(state))}";
        return $"{accepted}{Number(Counted(state))} counted{waiting}, {difference}";
    }

    /// <summary>What the outbox was asked every few seconds: what it has at the very position that is held.</summary>
    public static string Audit(WatchedAudit? audit) => audit is null
        ? "not compared with the outbox now"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{audit.Shards} {(audit.Shards == 1 ? "shard" : "shards")} compared with the outbox {audit.Seconds:0} s ago: {(audit.Differences == 0 ? "no difference" : $"{audit.Differences} {(audit.Differences == 1 ? "differs" : "differ")}")}");

    /// <summary>All of it in a line. How old the comparison is isn't said: it would be another line each second.</summary>
    public static string Line(WatchedState state, double? rate) => string.Join(
        "; ",
        [
            $"total {state.Total}", Completeness(state), .. Waiting(state), Compared(state), Rate(rate), Delay(state.Delay), Verdict(state).Text, .. Troubles(state),
        ]);

    /// <summary>All of it at one moment, a line each; with the shards that stand still, and why.</summary>
    public static IEnumerable<string> Lines(WatchedState state) =>
    [
        $"total {state.Total}; {Completeness(state)}",
        string.Join("; ", [Verdict(state).Text, .. Waiting(state), Delay(state.Delay)]),
        Audit(state.Audit),
        .. Troubles(state),
    ];

    /// <summary>What waits at each station; nothing where nobody can be asked.</summary>
    private static IEnumerable<string> Waiting(WatchedState state) =>
        state.Source is { } source ? [$"{Number(source.InOutbox)} wait for Kafka, {Number(source.InKafka)} wait in Kafka"] : [];

    private static string Compared(WatchedState state) => state.Audit is { } audit
        ? $"{audit.Shards} of {state.Shards.Count} shards compared, {(audit.Differences == 0 ? "no difference" : $"{audit.Differences} {(audit.Differences == 1 ? "differs" : "differ")}")}"
        : Audit(null);

    /// <summary>The shards that stand still, and why, and what lies in the quarantine.</summary>
    private static IEnumerable<string> Troubles(WatchedState state)
    {
        foreach (var shard in state.Shards.Where(static shard => shard.State != "ok"))
        {
            yield return $"shard {shard.Shard}: {shard.State}{(shard.Reason is { } reason ? $": {reason}" : "")}";
        }

        if (Quarantine(state) is { } quarantine)
        {
            yield return quarantine;
        }
    }

    /// <summary>What lies in the quarantine, or that nobody knows it; null when nothing does.</summary>
    public static string? Quarantine(WatchedState state) => state.Quarantined switch
    {
        null => "how much lies in quarantine is unknown",
        0 => null,
        { } messages => $"{Number(messages)} in quarantine: ./tally quarantine list",
    };

    /// <summary>The same for programs.</summary>
    public static TruthAnswer Truth(WatchedState state)
    {
        var (isGood, verdict) = Verdict(state);
        var source = state.Source;
        return new TruthAnswer(
            isGood, verdict, state.Total, state.Count, source?.Accepted, source?.InOutbox, source?.InKafka, Difference(state), state.Audit?.Differences, state.Quarantined);
    }

    public static string Rate(double? rate) => rate is { } known ? $"{Number((long)known)} a second" : "rate unknown";

    public static string Delay(WatchedDelay? delay) => delay is null
        ? "from commit to total: none lately"
        : string.Create(CultureInfo.InvariantCulture, $"from commit to total: half within {delay.P50:0.#} ms, 99 of 100 within {delay.P99:0.#} ms");

    /// <summary>Who is behind, and by how much.</summary>
    public static TextTable Shards(WatchedState state)
    {
        var table = new TextTable(
            new Column("shard", ToTheRight: true), new Column("state"), new Column("owner"), new Column("committed", ToTheRight: true),
            new Column("in Kafka", ToTheRight: true), new Column("counted", ToTheRight: true), new Column("behind", ToTheRight: true));
        foreach (var shard in state.Shards)
        {
            table.Add(
                Number(shard.Shard), shard.Reason is null ? shard.State : $"{shard.State}: {shard.Reason}", shard.Owner?.Split('/')[0] ?? "–", Number(shard.Committed),
                Number(shard.Relayed), Number(shard.Counted), Number(shard.Committed - shard.Counted));
        }

        return table;
    }

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>What was counted just before the outbox was asked: the rest of what it had accepted waits. The total itself is newer than that.</summary>
    public static long Counted(WatchedState state) => state.Source?.Counted ?? state.Count;

    // Both belong to one fold: they agree at every instant.
    private static long Difference(WatchedState state) => state.Shards.Sum(shard => Math.Abs(shard.Counted - shard.Results));
}
