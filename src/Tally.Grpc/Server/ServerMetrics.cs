using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;

namespace Tally.Rpc.Server;

/// <summary>
/// How long calls take and how they end, as OpenTelemetry's semantic conventions (1.45) name it. No label comes from a caller: a method that isn't served
/// counts as <c>_OTHER</c>.
/// </summary>
internal sealed class ServerMetrics : IDisposable
{
    public const string MeterName = "Tally.Grpc.Server";
    public const string OtherMethods = "_OTHER";

    private static readonly string[] CodeNames = [.. Enum.GetValues<StatusCode>().Order().Select(NameOf)];

    private readonly Meter _meter;
    private readonly Histogram<double> _duration;

    public ServerMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(MeterName);
        _duration = _meter.CreateHistogram(
            "rpc.server.call.duration",
            "s",
            "Time from a call's headers to the end of its answer.",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
            });
    }

    /// <summary>What is recorded of one method: the labels of each status are made once.</summary>
    /// <param name="method">Its full name without the leading slash.</param>
    public MethodMetrics For(string method) => new(method, _duration, [.. CodeNames.Select(code => new TagList
    {
        { "rpc.system.name", "grpc" },
        { "rpc.method", method },
        { "rpc.response.status_code", code },
    })]);

    public void Dispose() => _meter.Dispose();

    // As the specification of gRPC writes them: DEADLINE_EXCEEDED.
    public static string NameOf(StatusCode code) => code == StatusCode.OK
        ? "OK"
        : string.Concat(code.ToString().Select((letter, at) => at > 0 && char.IsUpper(letter) ? $"_{letter}" : $"{char.ToUpperInvariant(letter)}"));
}

/// <summary>What is recorded of one method. Nothing is allocated for a call, and no lock of ours is taken; whoever collects may hold a series for an instant.</summary>
internal sealed class MethodMetrics(string method, Histogram<double> duration, TagList[] tags)
{
    /// <summary>The method's name in metrics and traces.</summary>
    public string Method => method;

    /// <summary>When a call began.</summary>
    public long Begin() => duration.Enabled ? Stopwatch.GetTimestamp() : 0;

    /// <summary>A call has ended.</summary>
    /// <param name="began">What <see cref="Begin"/> said.</param>
    /// <param name="status">How it ended; a code that gRPC doesn't define counts as UNKNOWN.</param>
    public void End(long began, StatusCode status)
    {
        if (began != 0)
        {
            var code = (uint)status < (uint)tags.Length ? (int)status : (int)StatusCode.Unknown;
            duration.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, tags[code]);
        }
    }
}
