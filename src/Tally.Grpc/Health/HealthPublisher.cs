using Grpc.HealthCheck;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Tally.Rpc.Server;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace Tally.Rpc.Health;

/// <summary>Tells gRPC's health service what the host's health checks found: the same for the server as a whole and for each service on it.</summary>
internal sealed class HealthPublisher(HealthServiceImpl health, EndpointDataSource endpoints) : IHealthCheckPublisher
{
    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        // Degraded is slow or short of something, but it serves.
        var status = report.Status == HealthStatus.Unhealthy ? ServingStatus.NotServing : ServingStatus.Serving;
        foreach (var service in ServedServices.NamesIn(endpoints).Prepend(""))
        {
            health.SetStatus(service, status);
        }

        return Task.CompletedTask;
    }
}
