using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
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

        // The variables for traces alone this exporter doesn't know; all others, such as the sampler and how spans are batched, the SDK reads by itself.
        _provider = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(identity.Resource)
            .AddSource("Tally.*")
            .AddOtlpExporter(otlp =>
            {
                otlp.Protocol = settings.IsHttp ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
                otlp.Endpoint = endpoint;
                otlp.Headers = settings.Headers ?? otlp.Headers;
            })
            .Build();
        Log.TracesExported(log, $"{endpoint.Scheme}://{endpoint.Authority}");
    }

    /// <summary>Sends what is left.</summary>
    public void Dispose() => _provider?.Dispose();
}
