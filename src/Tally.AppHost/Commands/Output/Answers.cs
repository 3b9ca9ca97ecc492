using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tally.AppHost.Proof;

namespace Tally.AppHost.Commands.Output;

/// <summary>Any command that failed.</summary>
internal sealed record FailureAnswer(bool Ok, ErrorAnswer Error);

/// <summary>Why.</summary>
internal sealed record ErrorAnswer(string Code, string Message);

/// <summary>A command that only does something.</summary>
internal sealed record DoneAnswer(bool Ok, string Message);

/// <summary><c>add</c>. With an error it is stored, but the total couldn't be told.</summary>
internal sealed record AddAnswer(bool Ok, ErrorAnswer? Error, string Result, int Shard, long Epoch, long Sequence, string? Total, long? Count);

/// <summary><c>total</c>.</summary>
internal sealed record TotalAnswer(bool Ok, string Total, long Count);

/// <summary><c>status</c> and <c>up</c>.</summary>
internal sealed record StatusAnswer(bool Ok, IReadOnlyDictionary<string, ComponentAnswer> Components)
{
    /// <summary>What the live page shows; not there where no Totals answers.</summary>
    public TruthAnswer? Truth { get; init; }
}

/// <summary>Whether anything is lost or waits, and how many results are where; what isn't known is not there.</summary>
internal sealed record TruthAnswer(
    bool Well, string Verdict, string Total, long Count, long? Accepted, long? WaitingForKafka, long? WaitingForTotals, long Difference, int? ShardsThatDiffer, long? Quarantined);

/// <summary>One component; every property is always there.</summary>
internal sealed record ComponentAnswer(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Version,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Source,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] int? Pid,
    string State,
    IReadOnlyDictionary<string, string> Endpoints)
{
    /// <summary>Why it isn't ready; or, when it is, what is unsafe about it.</summary>
    public string? Reason { get; init; }
}

/// <summary><c>verify</c>, and with what the callers know <c>demo</c>.</summary>
internal record ProofAnswer(
    bool Ok,
    ErrorAnswer? Error,
    Figure? Accepted,
    Figure Stored,
    Figure? Trimmed,
    Figure Published,
    Figure Applied,
    Figure? Adopted,
    Figure? History,
    long? Unknown,
    long DuplicatesSuppressed,
    long Gaps,
    long Quarantined,
    double Seconds,
    long? Seed,
    IReadOnlyDictionary<string, ComponentAnswer> Components);

/// <summary><c>chaos</c>: a proof, and what was done to the system before.</summary>
internal sealed record ChaosAnswer(ProofAnswer Proof) : ProofAnswer(Proof)
{
    /// <summary>How many steps were done.</summary>
    [JsonPropertyOrder(1)]
    public required int Kills { get; init; }

    /// <summary>What was done to whom, when, and at which labelled step.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyList<ChaosStepAnswer> Plan { get; init; }

    /// <summary>How long it took until all was well again.</summary>
    [JsonPropertyOrder(1)]
    public required RecoveryAnswer RecoverySeconds { get; init; }

    [JsonIgnore]
    public ProofAnswer Proof { get; } = Proof;
}

/// <summary>One step of chaos; times in seconds.</summary>
internal sealed record ChaosStepAnswer(
    int Number, double At, string Whom, string How, string? Step, int? Times, double? FrozenSeconds, bool? Reached, double? RecoverySeconds);

/// <summary>How long it took, in seconds.</summary>
internal sealed record RecoveryAnswer(double Median, double Worst);

/// <summary><c>load</c>: a proof, and what load it was under.</summary>
internal sealed record LoadAnswer(ProofAnswer Proof) : ProofAnswer(Proof)
{
    /// <summary>The shape of the load.</summary>
    [JsonPropertyOrder(1)]
    public required string Scenario { get; init; }

    /// <summary>Who made the calls.</summary>
    [JsonPropertyOrder(1)]
    public required string Generator { get; init; }

    /// <summary>What was stored before it began; not there when nothing was.</summary>
    [JsonPropertyOrder(1)]
    public Figure? Before { get; init; }

    /// <summary>All calls.</summary>
    [JsonPropertyOrder(1)]
    public required LoadStepAnswer All { get; init; }

    /// <summary>Stage by stage.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyList<LoadStepAnswer> Steps { get; init; }

    /// <summary>The most that was answered a second, over a stage; only where the limit was looked for.</summary>
    [JsonPropertyOrder(1)]
    public double? MostAnsweredPerSecond { get; init; }

    /// <summary>What kept it from being faster, where that is known.</summary>
    [JsonPropertyOrder(1)]
    public string? Limit { get; init; }

    /// <summary>Where the summary's files are.</summary>
    [JsonPropertyOrder(1)]
    public required string Folder { get; init; }

    [JsonIgnore]
    public ProofAnswer Proof { get; } = Proof;
}

/// <summary>What became of the calls of a stage: rates a second, latencies of those that were answered OK, from when they were due.</summary>
internal sealed record LoadStepAnswer(
    double AskedPerSecond, double AnsweredPerSecond, double Seconds, long Due, long Answered, long Failed, long NotBegun, LatencyAnswer LatencyMs);

/// <summary>Latencies in milliseconds.</summary>
internal sealed record LatencyAnswer(double P50, double P95, double P99, double P999, double Max);

/// <summary><c>quarantine list</c>; <c>more</c> says whether there are further ones.</summary>
internal sealed record QuarantineAnswer(bool Ok, IReadOnlyList<QuarantinedAnswer> Quarantined, bool More);

/// <summary>A message that Totals could not fold. Bytes in base64, times in ISO 8601; key, value and actions only where one message is shown.</summary>
internal sealed record QuarantinedAnswer(
    long Id, string Topic, int Partition, long Offset, string? TopicId, DateTimeOffset QuarantinedAt, string Reason)
{
    public string? KeyBase64 { get; init; }

    public string? ValueBase64 { get; init; }

    public IReadOnlyList<QuarantineActionAnswer>? Actions { get; init; }
}

/// <summary>What was done with a quarantined message.</summary>
internal sealed record QuarantineActionAnswer(string Action, string Why, DateTimeOffset At);

/// <summary><c>quarantine show</c>.</summary>
internal sealed record QuarantinedOneAnswer(bool Ok, QuarantinedAnswer Message);

/// <summary><c>quarantine replay</c>.</summary>
internal sealed record ReplayAnswer(bool Ok, long Id, string Outcome, ErrorAnswer? Error);

/// <summary><c>fork adopt</c>. The last common result is the one that Totals goes on from.</summary>
internal sealed record AdoptAnswer(bool Ok, int Shard, Figure Adopted, PlaceAnswer LastCommon, bool RewindRequested);

/// <summary>A place in a shard.</summary>
internal sealed record PlaceAnswer(long Epoch, long Sequence);

/// <summary><c>doctor</c>.</summary>
internal sealed record DoctorAnswer(bool Ok, IReadOnlyList<ToolAnswer> Tools, CacheAnswer Cache);

/// <summary>One tool.</summary>
internal sealed record ToolAnswer(
    string Name, bool Found, bool Required, string? Version, string? Where, string NeededFor, string? HowToGet);

/// <summary>The folder of downloaded and built tools.</summary>
internal sealed record CacheAnswer(string Folder, long Bytes);

/// <summary>How the answers are written: <c>snake_case</c>, sums as strings, nothing for what doesn't apply.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(FailureAnswer))]
[JsonSerializable(typeof(DoneAnswer))]
[JsonSerializable(typeof(AddAnswer))]
[JsonSerializable(typeof(TotalAnswer))]
[JsonSerializable(typeof(StatusAnswer))]
[JsonSerializable(typeof(ProofAnswer))]
[JsonSerializable(typeof(ChaosAnswer))]
[JsonSerializable(typeof(LoadAnswer))]
[JsonSerializable(typeof(QuarantineAnswer))]
[JsonSerializable(typeof(QuarantinedOneAnswer))]
[JsonSerializable(typeof(ReplayAnswer))]
[JsonSerializable(typeof(AdoptAnswer))]
[JsonSerializable(typeof(DoctorAnswer))]
internal sealed partial class Answers : JsonSerializerContext
{
    /// <summary>With quotes and letters as they are: the text goes to programs and people, never into a page.</summary>
    public static Answers Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
