using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Trace;

namespace Tally.Telemetry.Tracing;

/// <summary>
/// Exports traces over OTLP, when OpenTelemetry's standard variables say where to; otherwise nobody listens, and nothing is traced. Whether a trace is kept is
/// decided by <see cref="CallSampling"/> for calls, and all else follows. What can't be exported is dropped.
/// </summary>
internal sealed class TraceExport : IDisposable
{
    // A span of a commit is linked to each traced call of it, and the SDK would keep 128 links. A commit takes no more calls than this.
    private const string MostLinks = "10000";

    private readonly TracerProvider? _provider;

    public TraceExport(ServiceIdentity identity, OtlpSettings settings, ILogger<TraceExport> log)
    {
        if (settings.Endpoint is not { } endpoint)
        {
            return;
        }

        // The variables for traces alone this exporter doesn't know; all others, such as how spans are batched, the SDK reads by itself.
        var provider = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(identity.Resource)
            .AddSource("Tally.*")
            .ConfigureServices(static services => services.AddSingleton<IConfiguration>(
                new ConfigurationBuilder()
                    .AddInMemoryCollection([new("OTEL_SPAN_LINK_COUNT_LIMIT", MostLinks)])
                    .AddEnvironmentVariables()
                    .Build()))
            .AddOtlpExporter(otlp =>
            {
                otlp.Protocol = settings.IsHttp ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
                otlp.Endpoint = endpoint;
                otlp.Headers = settings.Headers ?? otlp.Headers;
            });
        if (settings.FollowsCallers)
        {
            // Of calls without a caller's decision, those that came this far are kept.
            provider.SetSampler(new ParentBasedSampler(new AlwaysOnSampler()));
        }

        _provider = provider.Build();
        Log.TracesExported(log, $"{endpoint.Scheme}://{endpoint.Authority}");
    }

    /// <summary>Sends what is left.</summary>
    public void Dispose() => _provider?.Dispose();
}
