using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Tally.Rpc.Health;

/// <summary>Answers from the host's health checks: run anew for who checks, as they were last published for who watches.</summary>
internal sealed class HostHealthService : global::Grpc.Health.V1.Health.HealthBase
{
    private readonly HealthServiceImpl _published;
    private readonly HealthPublisher _publisher;
    private readonly HealthCheckService _checks;

    public HostHealthService(
        HealthServiceImpl published, IEnumerable<IHealthCheckPublisher> publishers, HealthCheckService checks, IHostApplicationLifetime lifetime)
    {
        _published = published;
        _publisher = publishers.OfType<HealthPublisher>().Single();
        _checks = checks;

        // Watching would keep a server that stops from stopping.
        lifetime.ApplicationStopping.Register(published.EndWatching);
    }

    public override async Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        await PublishAsync(context.CancellationToken);
        return await _published.Check(request, context);
    }

    public override async Task<HealthListResponse> List(HealthListRequest request, ServerCallContext context)
    {
        await PublishAsync(context.CancellationToken);
        return await _published.List(request, context);
    }

    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        await PublishAsync(context.CancellationToken);
        await _published.Watch(request, responseStream, context);
    }

    private async Task PublishAsync(CancellationToken cancellationToken) =>
        await _publisher.PublishAsync(await _checks.CheckHealthAsync(cancellationToken), cancellationToken);
}
