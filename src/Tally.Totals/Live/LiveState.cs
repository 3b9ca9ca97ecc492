using System.Text.Json.Serialization;

namespace Tally.Totals.Live;

/// <summary>What the live page shows at one moment. <c>at</c> is in milliseconds since 1970, by this instance's clock.</summary>
/// <param name="At">When it was put together.</param>
/// <param name="Instance">Which instance says so.</param>
/// <param name="Trouble">Why what is shown may be old, or this instance doesn't count; null while all is well.</param>
/// <param name="Total">Everything that callers were promised and that is counted, of all instances.</param>
/// <param name="Count">How many results that is.</param>
/// <param name="Source">How far the outbox is; null when nobody can be asked for it, or who answers is of another system.</param>
/// <param name="SetAside">Events that came too early and wait in this instance's memory.</param>
/// <param name="DuplicatesSuppressed">Replayed events that this instance skipped.</param>
/// <param name="Quarantined">Messages that nobody has decided about; null while that isn't known.</param>
/// <param name="Adopted">What was kept of histories that were given up.</param>
/// <param name="Audit">What the last comparison of this instance's shards with the outbox said; null while nothing could be compared.</param>
/// <param name="Delay">From commit to total, of what this instance counted in the last seconds; null when it counted nothing.</param>
/// <param name="Shards">Each shard, in ascending order, as it was when the outbox was asked.</param>
internal sealed record LiveState(
    long At,
    string Instance,
    string? Trouble,
    string Total,
    long Count,
    LiveSource? Source,
    int SetAside,
    long DuplicatesSuppressed,
    long? Quarantined,
    LiveAdopted Adopted,
    LiveAudit? Audit,
    LiveDelay? Delay,
    IReadOnlyList<LiveShard> Shards);

/// <summary>How far the outbox is.</summary>
/// <param name="Answers">Whether a Calculator answered lately; otherwise the figures are those of the last answer.</param>
/// <param name="Accepted">Results that callers were promised: all that is committed now, and what was adopted.</param>
/// <param name="InOutbox">Of these, results that Kafka is not known to have.</param>
/// <param name="InKafka">Of these, results that Kafka has and that aren't counted.</param>
/// <param name="Counted">
/// Of these, results that were counted just before the outbox was asked: the rest of <paramref name="Accepted"/> was on its way. By now the count may be
/// higher.
/// </param>
internal sealed record LiveSource(bool Answers, long Accepted, long InOutbox, long InKafka, long Counted);

/// <summary>What was kept of histories that were given up when forks were adopted.</summary>
/// <param name="Count">How many results.</param>
/// <param name="Sum">What they add up to.</param>
internal sealed record LiveAdopted(long Count, string Sum);

/// <summary>A comparison with the outbox.</summary>
/// <param name="Shards">How many shards were compared, each at the very position that is held.</param>
/// <param name="Differences">How many of them hold something else; 0, always.</param>
/// <param name="Seconds">How long ago.</param>
internal sealed record LiveAudit(int Shards, int Differences, double Seconds);

/// <summary>From commit to total, in milliseconds.</summary>
/// <param name="P50">Half of the results took no longer.</param>
/// <param name="P99">99 of 100 results took no longer.</param>
internal sealed record LiveDelay(double P50, double P99);

/// <summary>One shard.</summary>
/// <param name="Shard">Its number.</param>
/// <param name="State"><c>ok</c>, <c>gap</c>, <c>fork</c> or <c>damaged</c>.</param>
/// <param name="Reason">What is wrong; null while nothing is.</param>
/// <param name="Owner">The Calculator that writes it; null while nobody does, or nobody can be asked.</param>
/// <param name="Committed">The last committed sequence.</param>
/// <param name="Relayed">The last sequence that Kafka is known to have.</param>
/// <param name="Counted">The last sequence that was in the total just before the outbox was asked; of now, while it doesn't answer.</param>
/// <param name="Results">How many results the total held of it then; the same as <paramref name="Counted"/>, always.</param>
internal sealed record LiveShard(int Shard, string State, string? Reason, string? Owner, long Committed, long Relayed, long Counted, long Results);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LiveState))]
internal sealed partial class LiveJson : JsonSerializerContext;
