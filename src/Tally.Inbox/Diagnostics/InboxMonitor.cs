using Microsoft.Extensions.Logging;
using Tally.Inbox.Chain;
using Tally.Inbox.Folding;

namespace Tally.Inbox.Diagnostics;

/// <summary>Turns what the loop meets into status, metrics and log lines. Written by the loop's thread alone; the status is read by anyone.</summary>
internal sealed class InboxMonitor(InboxMetrics metrics, TimeProvider time, ILogger logger) : IFolderEvents
{
    // A topic full of garbage must not become a disk full of log.
    private static readonly TimeSpan LogPoisonEvery = TimeSpan.FromMilliseconds(100);

    private string? _notReady = "starting";
    private IReadOnlyList<int> _partitions = [];
    private long _poisonLoggedAt;
    private int _poisonNotLogged;

    public InboxStatus Status => metrics.Status;

    public void Ready() => SetReadiness(null);

    public void NotReady(string reason) => SetReadiness(reason);

    public void Unsafe(IReadOnlyList<string> hazards) => metrics.Status = metrics.Status with { Unsafe = hazards };

    public void Assigned(IReadOnlyList<int> partitions)
    {
        _partitions = partitions;
        metrics.Status = metrics.Status with { Partitions = partitions };
        if (partitions.Count == 0)
        {
            metrics.SetLags([]);
        }
    }

    public void SetLags(IReadOnlyList<KeyValuePair<int, long>> lags) => metrics.SetLags(lags);

    public void Publish<TState>(IEnumerable<ShardChain<TState>> chains)
    {
        var setAside = 0;
        List<ShardTrouble> troubles = [];
        foreach (var chain in chains)
        {
            setAside += chain.SetAside.Count;
            if (chain.Trouble is { } trouble)
            {
                troubles.Add(trouble);
            }
            else if (chain.Suspicion.IsOpen)
            {
                troubles.Add(chain.NewTrouble(ShardTroubleKind.Fork, $"{chain.Suspicion.Reason}; waits until the outbox says whether that is so"));
            }
        }

        metrics.Status = new InboxStatus(_notReady, metrics.DuplicatesTotal, setAside, _partitions, troubles) { Unsafe = metrics.Status.Unsafe };
    }

    public void Collided(Exception failure)
    {
        metrics.Collided();
        Log.Collided(logger, failure);
    }

    public void GapFound(ShardTrouble trouble) => Log.GapFound(logger, trouble.Shard, trouble.Reason);

    public void GapClosed(int shard) => Log.GapClosed(logger, shard);

    public void Duplicate(in RawMessage message)
    {
        metrics.Duplicate();
        InboxTracing.Skipped(message.Trace, "duplicate");
    }

    public void Poisoned(in RawMessage message, string reason)
    {
        metrics.Quarantined();
        InboxTracing.Skipped(message.Trace, "quarantined");
        if (_poisonLoggedAt != 0 && time.GetElapsedTime(_poisonLoggedAt) < LogPoisonEvery)
        {
            _poisonNotLogged++;
            return;
        }

        if (_poisonNotLogged > 0)
        {
            Log.MoreQuarantined(logger, _poisonNotLogged);
            _poisonNotLogged = 0;
        }

        _poisonLoggedAt = time.GetTimestamp();
        Log.Quarantined(logger, message.Partition, message.Offset, reason);
    }

    public void Forked(ShardTrouble trouble)
    {
        metrics.Forked();
        Log.ForkFound(logger, trouble.Shard, trouble.Reason);
    }

    public void Doubted(int shard, in RawMessage message, string reason) => Log.Doubted(logger, shard, message.Partition, message.Offset, reason);

    public void Damaged(ShardTrouble trouble) => Log.DamageFound(logger, trouble.Shard, trouble.Reason);

    public void Missing(ShardTrouble trouble) => GapFound(trouble);

    private void SetReadiness(string? reason)
    {
        _notReady = reason;
        metrics.Status = metrics.Status with { NotReadyReason = reason, DuplicatesSuppressed = metrics.DuplicatesTotal };
    }
}
