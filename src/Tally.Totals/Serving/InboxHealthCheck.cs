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
        var remarks = Remarks(status).ToList();
        return remarks.Count == 0 ? null : string.Join("; ", remarks);
    }

    private IEnumerable<string> Remarks(InboxStatus status)
    {
        if (status.Troubles.Count > 0)
        {
            yield return $"{status.Troubles.Count} shards don't go on, see /api/status";
        }

        if (calculators is null)
        {
            yield return "nothing is repaired: Totals:Calculators is empty";
        }

        // Last, and in the Calculator's words: whoever shows it takes it from there to the end.
        if (status.Unsafe.Count > 0)
        {
            yield return $"unsafe: {string.Join(", ", status.Unsafe)}";
        }
    }
}
