using System.Diagnostics;

namespace Tally.Telemetry.Tracing;

/// <summary>
/// Says which calls are worth a span, as <c>OTEL_TRACES_SAMPLER</c> does: before the span is made, since OpenTelemetry's SDK makes one for each call that brings no
/// trace, and only then decides whether it's kept. At one of a hundred that would be most of what tracing costs.
/// </summary>
public sealed class CallSampling
{
    private readonly bool _followsCallers;
    private readonly double _share;

    internal CallSampling(OtlpSettings settings)
    {
        _followsCallers = settings.FollowsCallers;
        _share = settings.Share;
    }

    /// <summary>Whether a call may be traced. Those that ask for health, or for what is served, are only where their caller traces them.</summary>
    /// <param name="method">The method's full name, <c>tally.v1.Calculator/Add</c>.</param>
    /// <param name="parent">The context that it came with; the default one where there is none.</param>
    public bool IsWanted(string method, ActivityContext parent)
    {
        ArgumentNullException.ThrowIfNull(method);
        var isKeptByCaller = parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded);
        if (!_followsCallers)
        {
            // The SDK's sampler goes by the trace's id, or takes all or none.
            return isKeptByCaller || !IsProbe(method);
        }

        return parent.TraceId != default
            ? isKeptByCaller
            : !IsProbe(method) && (_share >= 1 || (_share > 0 && Random.Shared.NextDouble() < _share));
    }

    private static bool IsProbe(string method) => method.StartsWith("grpc.", StringComparison.Ordinal);
}
