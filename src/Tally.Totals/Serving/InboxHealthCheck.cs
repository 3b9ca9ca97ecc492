using Microsoft.Extensions.Diagnostics.HealthChecks;
using Tally.Inbox;

namespace Tally.Totals.Serving;

/// <summary>
/// Ready while results are consumed and folded. A shard that is stopped is reported by status, metrics and log, but doesn't make the instance unready: the
/// other shards go on, and taking the instance away would stop them too.
/// </summary>
internal sealed class InboxHealthCheck(IInbox<Amount> inbox, IInboxSource<Amount>? calculators = null) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var status = inbox.Status;
        return Task.FromResult(status.NotReadyReason is { } reason
            ? HealthCheckResult.Unhealthy(reason)
            : HealthCheckResult.Healthy(Describe(status)));
    }

    private string? Describe(InboxStatus status)
    {
        var troubles = status.Troubles.Count == 0 ? null : $"{status.Troubles.Count} shards don't go on, see /api/status";
        var repair = calculators is null ? "nothing is repaired: Totals:Calculators is empty" : null;
        return troubles is null ? repair : repair is null ? troubles : $"{troubles}; {repair}";
    }
}
