using System.Text.Json.Serialization;

namespace Tally.Totals.Serving;

/// <summary>What <c>GET /api/status</c> answers.</summary>
internal sealed record StatusReply(
    string Total,
    long Count,
    long DuplicatesSuppressed,
    int Gaps,
    long Quarantined,
    AdoptedReply Adopted,
    HistoryReply? History,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] HistoryReply? HistoryBefore,
    IReadOnlyList<ShardReply> Shards);

/// <summary>The table of single results; or the results that are not in it, because they were counted while no table was kept.</summary>
internal sealed record HistoryReply(long Count, string Sum);

/// <summary>What was kept of histories that were given up when forks were adopted; contained in total and count, and not in those of the shards.</summary>
internal sealed record AdoptedReply(long Count, string Sum);

/// <summary>One shard. <c>state</c> is <c>ok</c>, <c>gap</c>, <c>fork</c> or <c>damaged</c>.</summary>
internal sealed record ShardReply(int Shard, long Epoch, long Sequence, string Total, long Count, string State, string? Reason);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(StatusReply))]
internal sealed partial class StatusJson : JsonSerializerContext;
