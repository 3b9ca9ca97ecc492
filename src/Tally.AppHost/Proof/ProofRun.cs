using Tally.AppHost.Commands;
using Tally.Outbox;

namespace Tally.AppHost.Proof;

/// <summary>
/// Collects the evidence. Traffic may go on meanwhile: what was committed when it begins is waited for, and then every shard is compared at
/// the one position that Totals names for it.
/// </summary>
internal sealed class ProofRun(IProofSources sources, TimeProvider time)
{
    private const int MostAttempts = 5;

    /// <summary>Waits for what is on its way, at most so long, and adds everything up.</summary>
    /// <param name="timeout">How long to wait; after that the evidence is what it is.</param>
    /// <param name="progress">Told what is under way.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandException">Something could not be read in time, or retention was faster than this.</exception>
    public async Task<Evidence> CollectAsync(TimeSpan timeout, Action<string> progress, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            if (await TryCollectAsync(timeout, progress, cancellationToken) is { } evidence)
            {
                return evidence;
            }

            progress("beginning anew: what was to be added up was trimmed meanwhile");
        }

        throw CommandException.Unavailable("The outbox is trimmed faster than it can be added up. Wait until there is less traffic, or let Outbox:Retention be longer.");
    }

    /// <returns>Null when a shard was trimmed beyond the position that it was to be compared at.</returns>
    private async Task<Evidence?> TryCollectAsync(TimeSpan timeout, Action<string> progress, CancellationToken cancellationToken)
    {
        var patience = new Patience(time, timeout);
        var committed = await patience.AskAsync("The outbox", sources.ReadOutboxAsync, cancellationToken);

        progress("waiting for the total");
        var totals = await patience.WaitAsync("Totals", sources.ReadTotalsAsync, read => HoldsAll(read, committed) && !IsWaiting(read), cancellationToken);
        var applied = totals.Shards.ToDictionary(shard => shard.Shard);
        var ends = committed.ToDictionary(
            shard => shard.Shard, shard => Math.Max(shard.Sequence, applied.GetValueOrDefault(shard.Shard)?.Sequence ?? 0));

        progress("waiting for Kafka's acknowledgements");
        var relayed = await patience.WaitAsync(
            "The outbox", sources.ReadOutboxAsync, read => read.All(shard => shard.Relayed >= ends.GetValueOrDefault(shard.Shard)), cancellationToken);

        progress("adding up the outbox");
        var shards = new ShardEvidence?[relayed.Count];
        await Parallel.ForAsync(0, shards.Length, Limits(cancellationToken), async (at, token) =>
        {
            var shard = relayed[at].Shard;
            var end = ends.GetValueOrDefault(shard);
            var sum = await patience.AskForAllAsync("The outbox", ask => sources.AddUpAsync(shard, end, relayed[at].Relayed, ask), token);
            shards[at] = sum is null ? null : EvidenceOf(new ShardEvidence(shard, end), sum, applied.GetValueOrDefault(shard));
        });

        // Read before the outbox was asked for the last time, which never loses a shard: so these never were its own.
        var unknown = totals.Shards.ExceptBy(relayed.Select(shard => shard.Shard), shard => shard.Shard).Select(EvidenceOfUnknown);
        return Array.Exists(shards, shard => shard is null) ? null : new Evidence([.. shards!, .. unknown])
        {
            DuplicatesSuppressed = totals.DuplicatesSuppressed,
            Gaps = totals.Gaps,
            Quarantined = totals.Quarantined,
            Adopted = totals.Adopted,
            History = totals.History,
            HistoryBefore = totals.HistoryBefore ?? default,
        };
    }

    private static bool HoldsAll(TotalsStatus totals, IReadOnlyList<OutboxShardPosition> committed)
    {
        var applied = totals.Shards.ToDictionary(shard => shard.Shard, shard => shard.Sequence);
        return committed.All(shard => applied.GetValueOrDefault(shard.Shard) >= shard.Sequence);
    }

    /// <summary>A gap ends by itself: what is missing was asked for, or has come and was not looked at yet.</summary>
    private static bool IsWaiting(TotalsStatus totals) => totals.Gaps > 0 || totals.Shards.Any(shard => shard.State == "gap");

    private static ShardEvidence EvidenceOf(ShardEvidence shard, StoredSum sum, TotalsShard? applied) => shard with
    {
        Stored = sum.Stored,
        Trimmed = sum.Trimmed,
        Published = sum.Published,
        StoredEpoch = sum.LastEpoch,
        Damage = sum.Damage,
        Applied = applied is null ? default : new Figure(applied.Count, applied.Total),
        AppliedEpoch = applied?.Epoch ?? 0,
        State = applied?.State ?? "ok",
        Reason = applied?.Reason,
    };

    private static ShardEvidence EvidenceOfUnknown(TotalsShard applied) =>
        EvidenceOf(new ShardEvidence(applied.Shard, applied.Sequence) { IsUnknown = true }, new StoredSum(default, default, LastEpoch: 0, Damage: null), applied);

    private static ParallelOptions Limits(CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
}
