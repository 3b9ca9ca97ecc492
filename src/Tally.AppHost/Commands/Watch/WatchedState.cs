using System.Text.Json.Serialization;

namespace Tally.AppHost.Commands.Watch;

/// <summary>What Totals' <c>/api/live</c> sends, several times a second.</summary>
internal sealed record WatchedState(
    long At,
    string Instance,
    string? Trouble,
    string Total,
    long Count,
    WatchedSource? Source,
    int SetAside,
    long DuplicatesSuppressed,
    long? Quarantined,
    WatchedAudit? Audit,
    WatchedDelay? Delay,
    IReadOnlyList<WatchedShard> Shards)
{
    /// <summary>
    /// The first of several instances' states, with what each knows of its own shards alone: how many were compared, and which stand still. Null without any.
    /// </summary>
    public static WatchedState? Join(IReadOnlyList<WatchedState> states)
    {
        if (states.Count == 0)
        {
            return null;
        }

        var audits = states.Select(static state => state.Audit).OfType<WatchedAudit>().ToList();
        var stuck = states.SelectMany(static state => state.Shards).Where(static shard => shard.State != "ok").ToLookup(static shard => shard.Shard);
        return states[0] with
        {
            Audit = audits.Count == 0
                ? null
                : new WatchedAudit(audits.Sum(static audit => audit.Shards), audits.Sum(static audit => audit.Differences), audits.Max(static audit => audit.Seconds)),
            Shards = [.. states[0].Shards.Select(shard => stuck[shard.Shard].FirstOrDefault() is { } other ? shard with { State = other.State, Reason = other.Reason } : shard)],
        };
    }
}

/// <summary>How far the outbox is, and what was counted just before it was asked.</summary>
internal sealed record WatchedSource(bool Answers, long Accepted, long InOutbox, long InKafka, long Counted);

/// <summary>The last comparison of its shards with the outbox.</summary>
internal sealed record WatchedAudit(int Shards, int Differences, double Seconds);

/// <summary>From commit to total, in milliseconds.</summary>
internal sealed record WatchedDelay(double P50, double P99);

/// <summary>One shard.</summary>
internal sealed record WatchedShard(int Shard, string State, string? Reason, string? Owner, long Committed, long Relayed, long Counted, long Results);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(WatchedState))]
internal sealed partial class WatchedJson : JsonSerializerContext;
