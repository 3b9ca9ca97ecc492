using Microsoft.Extensions.Hosting;
using Tally.Telemetry.Tracing;

namespace Tally.Telemetry;

/// <summary>
/// Being a hosted service that needs the collection, it makes it exist before the hosted services that were registered later measure anything.
/// </summary>
internal sealed class TelemetryStart : IHostedService
{
    public TelemetryStart(MetricsCollection collection, ProcessMetrics process, TraceExport traces)
    {
        // Asking for them is all that is needed.
        _ = collection;
        _ = process;
        _ = traces;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
