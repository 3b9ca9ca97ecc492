using Tally.Outbox.Diagnostics;
using Tally.Outbox.Relaying;
using Tally.Outbox.Storage;
using Tally.Outbox.Writing;

namespace Tally.Outbox;

/// <summary>
/// This instance's part of the shards: as many as an even division gives it. Renews what it holds, claims what is free up to its part, and
/// gives up what is beyond: a shard's writer commits what waits and takes nothing new, and only then is the lease given back, so that a call fails
/// only when it comes in that very instant, and then it is surely not stored.
/// </summary>
internal sealed class ShardShares(OutboxContext context, IReadOnlyList<ShardRelay> relays, IReadOnlyList<IShardHolder> holders)
{
    public const int RenewalsPerLease = 5;

    // In renewals: how long a shard stays free before anyone takes it, and how long whoever took it beyond its part keeps it.
    private const int LongFree = 3 * RenewalsPerLease;
    private const int KeptBeyond = 60 * RenewalsPerLease;

    private readonly HashSet<int> _leaving = [];
    private readonly Dictionary<int, int> _freeFor = [];
    private readonly Dictionary<int, int> _beyondFor = [];
    private long _who;
    private IReadOnlySet<int> _held = new HashSet<int>();

    // Written by the lease keeper, read by whoever looks at the metrics.
    private volatile HeldLeases? _leases;

    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        var asked = context.Time.GetTimestamp();
        var view = await context.Leases.RenewAsync(context.Instance, cancellationToken);
        _leases = new HeldLeases(view.Mine, asked);
        foreach (var shard in _held.Except(view.Mine))
        {
            Log.LeaseLost(context.Logger, shard);
        }

        _held = view.Mine;
        _leaving.IntersectWith(view.Mine);
        var given = await GiveBackAsync(cancellationToken);

        var kept = view.Mine.Except(_leaving).Except(given).Order().ToList();
        var share = view.ShareOf(relays.Count);
        KeepBeyond(view);
        foreach (var shard in kept.Except(_beyondFor.Keys).Skip(share).ToList())
        {
            Log.GivingUp(context.Logger, shard, view.Instances);
            kept.Remove(shard);
            _leaving.Add(shard);
            holders[shard].Leave();
        }

        var claimable = Claimable(view.Free, share - kept.Count);
        claimable.UnionWith(kept);
        foreach (var shard in relays.Select(relay => relay.Shard).Except(_leaving))
        {
            holders[shard].AllowClaim(claimable.Contains(shard));
        }
    }

    /// <summary>How long the lease of a shard lasts at least, by this process's clock; null without one.</summary>
    public TimeSpan? LeaseRemainingOf(int shard) =>
        _leases is { } leases && leases.Shards.Contains(shard) ? context.Options.LeaseTime - context.Time.GetElapsedTime(leases.RenewedAt) : null;

    /// <summary>
    /// What was taken beyond this instance's part stays, since nobody else wanted it: given up at once, it would be free for long again, and so on. Once
    /// instances come or go, or after a while, it counts as any other: whoever couldn't claim may have been mended.
    /// </summary>
    private void KeepBeyond(LeaseView view)
    {
        foreach (var (shard, renewals) in _beyondFor.ToList())
        {
            _beyondFor[shard] = renewals + 1;
            if (view.Who != _who || renewals >= KeptBeyond || !(view.Mine.Contains(shard) || view.Free.Contains(shard)))
            {
                _beyondFor.Remove(shard);
            }
        }

        _who = view.Who;
    }

    /// <summary>
    /// The free ones that this instance may claim. One that stays free for long is taken by anyone, whatever its part: an instance that is alive but can't
    /// claim, or that doesn't know the shard yet, must not leave results without a relay.
    /// </summary>
    private HashSet<int> Claimable(IReadOnlySet<int> free, int room)
    {
        foreach (var shard in _freeFor.Keys.Except(free).ToList())
        {
            _freeFor.Remove(shard);
        }

        var claimable = new HashSet<int>();
        foreach (var shard in free.Order())
        {
            _freeFor[shard] = _freeFor.GetValueOrDefault(shard) + 1;
            if (claimable.Count < room)
            {
                claimable.Add(shard);
            }
            else if (_freeFor[shard] > LongFree)
            {
                claimable.Add(shard);
                _beyondFor.TryAdd(shard, 0);
            }
        }

        return claimable;
    }

    /// <summary>A shard whose writer has let it go follows no relay any more.</summary>
    private async Task<List<int>> GiveBackAsync(CancellationToken cancellationToken)
    {
        var free = _leaving.Where(shard => relays[shard].Pending is null).ToList();
        foreach (var shard in free)
        {
            await context.Leases.ReleaseAsync(shard, context.Instance, cancellationToken);
            _leaving.Remove(shard);
        }

        return free;
    }

    private sealed record HeldLeases(IReadOnlySet<int> Shards, long RenewedAt);
}
