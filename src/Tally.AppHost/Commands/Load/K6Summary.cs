using System.Text.Json.Serialization;
using Tally.AppHost.Proof;

namespace Tally.AppHost.Commands.Load;

/// <summary>What <c>load/lib/tally.js</c> writes of a run.</summary>
/// <param name="Accepted">What was answered OK.</param>
/// <param name="Begun">Calls that began: each is accepted, refused or unknown.</param>
/// <param name="Refused">Calls that surely stored nothing.</param>
/// <param name="Unknown">Calls that were never answered.</param>
/// <param name="Wrong">Calls that were answered with another result than theirs.</param>
/// <param name="NotBegun">Calls that were due and never began.</param>
/// <param name="FailedThresholds">What k6 itself found wrong, its own comparison of its books with the total among it.</param>
/// <param name="LatencyMs">How long calls took.</param>
/// <param name="Stages">The same, stage by stage.</param>
internal sealed record K6Summary(
    Figure Accepted,
    long Begun,
    long Refused,
    long Unknown,
    long Wrong,
    long NotBegun,
    IReadOnlyList<string> FailedThresholds,
    K6Latency LatencyMs,
    IReadOnlyList<K6Stage> Stages);

/// <summary>A stage of it.</summary>
internal sealed record K6Stage(double Rate, double Seconds, long Due, long Begun, long Answered, K6Latency LatencyMs);

/// <summary>Latencies in milliseconds.</summary>
internal sealed record K6Latency(double P50, double P95, double P99, double P999, double Max)
{
    public LoadLatency ToLatency() => new(Time(P50), Time(P95), Time(P99), Time(P999), Time(Max));

    private static TimeSpan Time(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(K6Summary))]
internal sealed partial class K6Json : JsonSerializerContext;
