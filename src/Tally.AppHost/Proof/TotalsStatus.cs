using System.Text.Json.Serialization;

namespace Tally.AppHost.Proof;

/// <summary>What Totals answers to <c>GET /api/status</c>, as far as a proof needs it.</summary>
internal sealed record TotalsStatus
{
    public long DuplicatesSuppressed { get; init; }

    public long Gaps { get; init; }

    public long Quarantined { get; init; }

    /// <summary>What is kept of histories that were given up when forks were adopted; not in the shards' figures.</summary>
    public Figure Adopted { get; init; }

    public Figure? History { get; init; }

    public Figure? HistoryBefore { get; init; }

    public required IReadOnlyList<TotalsShard> Shards { get; init; }
}

/// <summary>One shard as Totals holds it.</summary>
internal sealed record TotalsShard
{
    public required int Shard { get; init; }

    public required long Epoch { get; init; }

    public required long Sequence { get; init; }

    public required Amount Total { get; init; }

    public required long Count { get; init; }

    public string State { get; init; } = "ok";

    public string? Reason { get; init; }
}

/// <summary>How the answer is read.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(TotalsStatus))]
internal sealed partial class TotalsJson : JsonSerializerContext;
