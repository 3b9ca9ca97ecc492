using Tally.Inbox.Auditing;

namespace Tally.Inbox.Repairing;

internal sealed class InboxRepair<TState, TEvent>(ForkAdopter<TState, TEvent> forks, Quarantine<TState, TEvent> quarantine, AuditExchange exchange)
    : IInboxRepair<TState>
{
    public async Task<ForkAdoption<TState>> AdoptForkAsync(int shard, CancellationToken cancellationToken)
    {
        var adoption = await forks.AdoptAsync(shard, cancellationToken);

        // So that the shard goes on at once, when it's this instance's.
        exchange.Wake();
        return adoption;
    }

    public Task<IReadOnlyList<QuarantinedMessage>> ListQuarantineAsync(int limit, long afterId, CancellationToken cancellationToken) =>
        quarantine.ListAsync(limit, afterId, cancellationToken);

    public Task<QuarantinedMessage?> ShowQuarantinedAsync(long id, CancellationToken cancellationToken) => quarantine.FindAsync(id, cancellationToken);

    public async Task<QuarantineReplay> ReplayQuarantinedAsync(long id, CancellationToken cancellationToken)
    {
        var replay = await quarantine.ReplayAsync(id, cancellationToken);
        if (replay.Outcome == QuarantineOutcome.Folded)
        {
            exchange.Wake();
        }

        return replay;
    }

    public Task DiscardQuarantinedAsync(long id, string why, CancellationToken cancellationToken) => quarantine.DiscardAsync(id, why, cancellationToken);
}
