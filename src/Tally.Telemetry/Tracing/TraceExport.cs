using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Tally.Telemetry.Tracing;

/// <summary>
/// Exports traces over OTLP, when OpenTelemetry's standard variables say where to; otherwise nobody listens, and nothing is traced. Whether a trace is kept is
/// decided by whoever began it (<c>parentbased_always_on</c>, unless <c>OTEL_TRACES_SAMPLER</c> says otherwise). What can't be exported is dropped.
/// </summary>
internal sealed class TraceExport : IDisposable
{
    private readonly TracerProvider? _provider;

    public TraceExport(ServiceIdentity identity, OtlpSettings settings, ILogger<TraceExport> log)
    {
        if (settings.Endpoint is not { } endpoint)
        {
            return;
        }

        // Its address, protocol, headers and sampler, and how spans are batched, the SDK takes from the same variables.
        _provider = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(identity.Resource)
            .AddSource("Tally.*")
            .AddOtlpExporter()
            .Build();
        Log.TracesExported(log, endpoint);
    }

    /// <summary>Sends what is left.</summary>
    public void Dispose() => _provider?.Dispose();
}
