using Microsoft.Extensions.Diagnostics.HealthChecks;
using Tally.Outbox;

namespace Tally.Calculator;

/// <summary>Ready means: this instance owns a shard and can store. Kafka plays no part, since adds go on without it.</summary>
internal sealed class OutboxHealthCheck(IOutboxStatus outbox) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(outbox.IsReady ? HealthCheckResult.Healthy(outbox.Reason) : HealthCheckResult.Unhealthy(outbox.Reason));
}
