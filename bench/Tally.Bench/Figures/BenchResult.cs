using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tally.Bench.Figures;

/// <summary>What a bench prints. Every bench has this form.</summary>
internal sealed record BenchResult(
    string Bench,
    string Commit,
    string Machine,
    string Generator,
    string Kafka,
    int Rounds,
    double? Echo,
    double? DurableRatio,
    double? WholeWayRatio,
    Dictionary<string, Figure> Figures)
{
    private static readonly JsonSerializerOptions Form = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Durable with keys, divided by durable without.</summary>
    public double? KeysRatio { get; init; }

    /// <summary>Durable with a backlog that nothing relays, divided by durable with none.</summary>
    public double? BacklogRatio { get; init; }

    /// <summary>The whole way with a snapshot held, divided by the same without.</summary>
    public double? HeldSnapshotRatio { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, Form);

    public string ToMarkdown() => $"""
        # {Bench}

        {Machine}; Kafka {Kafka}; generator {Generator}; {Rounds} alternating rounds; commit {Commit}. The ratios are what counts: all parts share
        this machine's cores, in one run. Spread is the largest less the smallest round, divided by the median.

        | figure | median | spread | unit |
        | --- | --- | --- | --- |
        {string.Join('\n', Figures.Select(figure => $"| {figure.Key} | {figure.Value.Median:0.###} | {figure.Value.Spread:0.###} | {figure.Value.Unit} |"))}
        """;
}
