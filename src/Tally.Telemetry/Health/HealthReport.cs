using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Tally.Telemetry.Health;

/// <summary>One check's answer, as shown to the outside.</summary>
internal sealed record CheckAnswer(string Name, bool Healthy, string Reason);

/// <summary>What <c>/livez</c> and <c>/readyz</c> answer.</summary>
internal sealed record HealthAnswer(bool Good, IReadOnlyList<CheckAnswer> Checks)
{
    // Nothing here is embedded in a page, so quotes can stay quotes.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static HealthAnswer From(HealthReport report) => new(
        report.Entries.Values.All(entry => entry.Status != HealthStatus.Unhealthy),
        [.. report.Entries.Select(entry => new CheckAnswer(entry.Key, entry.Value.Status != HealthStatus.Unhealthy, Reason(entry.Value)))]);

    public byte[] ToJson(string good, string bad)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            json.WriteString("status", Good ? good : bad);
            json.WriteStartArray("checks");
            foreach (var check in Checks)
            {
                json.WriteStartObject();
                json.WriteString("name", check.Name);
                json.WriteBoolean("healthy", check.Healthy);
                json.WriteString("reason", check.Reason);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>
    /// The check's own words. An exception's text may name hosts, users or statements, so it stays in the log
    /// (the framework takes it for the description when a check throws).
    /// </summary>
    private static string Reason(HealthReportEntry entry) => entry switch
    {
        { Exception: { } fault } when entry.Description is null || entry.Description == fault.Message => "the check failed; the log says how",
        { Description: { Length: > 0 } reason } => reason,
        { Status: HealthStatus.Unhealthy } => "no reason given",
        _ => "ok",
    };
}
