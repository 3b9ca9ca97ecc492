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

    /// <summary>Prints it as it was asked for, and what changed if that was.</summary>
    /// <returns>How the program ends: 1 when something got worse.</returns>
    public int Tell(BenchOptions options)
    {
        Console.Out.WriteLine(options.Json ? ToJson() : ToMarkdown());
        if (options.Compare is null)
        {
            return 0;
        }

        var comparison = Comparison.Of(FromFile(options.Compare), this);
        (options.Json ? Console.Error : Console.Out).WriteLine($"\n{comparison.ToMarkdown()}");
        return comparison.IsWorse ? 1 : 0;
    }

    /// <summary>What an earlier run printed with <c>--json</c>.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static BenchResult FromFile(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<BenchResult>(File.ReadAllText(path), Form) ?? throw new FormatException($"'{path}' holds no result.");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new FormatException($"'{path}' holds no result of a bench, as --json prints it: {unreadable.Message}", unreadable);
        }
    }

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
