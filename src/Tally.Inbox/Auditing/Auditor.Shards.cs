using Tally.Inbox.Chain;
using Tally.Inbox.Diagnostics;
using Tally.Inbox.Storage;

namespace Tally.Inbox.Auditing;

/// <content>One shard: first whether the histories are the same, then whether something is lost.</content>
internal sealed partial class Auditor<TState, TEvent>
{
    // Under load the thread's view is always a little behind the end that was just asked for.
    private static readonly TimeSpan CatchUp = TimeSpan.FromSeconds(2);

    private async Task CompareAsync(
        IInboxSource<TState> outbox, StoredPositions<TState> stored, LoopView view, SourceShard source, int partition, CancellationToken cancellationToken)
    {
        if (FindChain(stored, view, source.Shard) is not { } chain)
        {
            return;
        }

        // In memory a shard may be further than in the database. A doubtful event was judged by what is in memory.
        var at = new HeldPlace(chain.Shard, chain.Epoch, chain.Sequence, chain.CommonEpoch);
        if (await HistoryCheck.FindForkAsync(outbox, at, source, cancellationToken) is { } fork)
        {
            Report(chain, AuditFindingKind.Fork, fork);
            return;
        }

        if (chain.Doubt is { } doubt)
        {
            await SettleAsync(outbox, chain, doubt, source, cancellationToken);
            return;
        }

        // Events are committed before they are sent, and the outbox was asked after these had come.
        foreach (var aside in chain.Aside.Where(aside => aside.Epoch > source.Epoch || aside.Sequence > source.Sequence))
        {
            Report(
                chain,
                AuditFindingKind.Unheard,
                $"it says it is sequence {aside.Sequence} of epoch {aside.Epoch}, but the outbox, asked later, ends at sequence {source.Sequence} of epoch {source.Epoch}",
                (aside.Partition, aside.Offset));
        }

        if (chain.IsStopped)
        {
            if (source.Sequence == chain.Sequence || await FindDamageAsync(outbox, stored, chain, source, cancellationToken) is null)
            {
                Report(chain, AuditFindingKind.Mended, "what is folded is what the outbox holds");
            }

            return;
        }

        await LookForLossAsync(outbox, stored, chain, source, partition, cancellationToken);
    }

    /// <summary>
    /// A shard that the outbox doesn't have, though it was asked after all that is held was committed: whatever came of it is none of the outbox's events.
    /// </summary>
    private void CompareUnknown(StoredPositions<TState> stored, LoopView view, int shard)
    {
        if (FindChain(stored, view, shard) is not { } chain)
        {
            return;
        }

        var reason = $"the outbox has no shard {shard}";
        if (chain.Sequence > 0)
        {
            Report(chain, AuditFindingKind.Fork, $"sequence {chain.Sequence} of epoch {chain.Epoch} is folded, but {reason}");
            return;
        }

        if (chain.Doubt is { } doubt)
        {
            Report(chain, AuditFindingKind.Refuted, reason, (doubt.Partition, doubt.Offset));
        }

        foreach (var aside in chain.Aside)
        {
            Report(chain, AuditFindingKind.Unheard, reason, (aside.Partition, aside.Offset));
        }
    }

    /// <summary>A shard as the consuming thread has it, or as it is stored. Null when the database is further: then the thread is told.</summary>
    private ChainView? FindChain(StoredPositions<TState> stored, LoopView view, int shard)
    {
        var (held, place) = _judge.HeldOf(stored, shard);
        var chain = view.Chains.FirstOrDefault(chain => chain.Shard == shard)
            ?? new ChainView(held.Shard, held.Generation, held.Epoch, held.Sequence, place?.CommonEpoch, IsStopped: false, Doubt: null);
        if (chain.Generation != held.Generation || chain.Sequence < held.Sequence)
        {
            // Void if the consuming thread itself was faster than the query.
            Report(chain, AuditFindingKind.Moved, "the database is further");
            return null;
        }

        return chain;
    }

    /// <summary>Says what a doubtful event is, now that what is held is known to be what the outbox holds.</summary>
    private async Task SettleAsync(
        IInboxSource<TState> outbox, ChainView chain, DoubtfulEvent doubt, SourceShard source, CancellationToken cancellationToken)
    {
        var message = (doubt.Partition, doubt.Offset);
        if (doubt.NextEpoch is not { } epoch)
        {
            Report(chain, AuditFindingKind.Refuted, "but the outbox holds what is folded here, so the event is damaged", message);
            return;
        }

        var next = chain.Sequence + 1;
        if (next <= source.Trimmed)
        {
            Report(chain, AuditFindingKind.Confirmed, "the outbox dropped it, so nobody knows better", message);
        }
        else if (next > source.Sequence)
        {
            Report(chain, AuditFindingKind.Refuted, $"but the outbox, asked later, ends at sequence {source.Sequence}, so the event is damaged", message);
        }
        else if (await outbox.ReadEventAsync(chain.Shard, next, cancellationToken) is { } row)
        {
            // When there is none, it's being dropped at this instant, which the next round sees.
            Report(
                chain,
                row.Epoch == epoch ? AuditFindingKind.Confirmed : AuditFindingKind.Refuted,
                $"the outbox has it in epoch {row.Epoch}",
                message);
        }
    }

    /// <summary>Whether what is stored of a shard is what the outbox says it is there. Null when the outbox doesn't have that place any more.</summary>
    private async Task<bool?> AgreesAsync(IInboxSource<TState> outbox, StoredPositions<TState> stored, int shard, CancellationToken cancellationToken)
    {
        var (held, place) = _judge.HeldOf(stored, shard);
        if (held.Sequence == 0)
        {
            // Before the first event both are empty.
            return true;
        }

        if (await outbox.ReadEventAsync(shard, held.Sequence, cancellationToken) is not { } row || row.Epoch != (place?.CommonEpoch ?? held.Epoch))
        {
            return null;
        }

        return handler.Decode(row.Key.Span, row.Value.Span, out _, out var last) is null ? handler.Agrees(held.State, last) : null;
    }

    private async Task LookForLossAsync(
        IInboxSource<TState> outbox, StoredPositions<TState> stored, ChainView chain, SourceShard source, int partition, CancellationToken cancellationToken)
    {
        if (!_shards.TryGetValue(chain.Shard, out var audit))
        {
            _shards[chain.Shard] = audit = new ShardAudit();
        }

        if (!audit.MayBeLost(time.GetElapsedTime(_started), options.Value.GapGrace, chain.Generation, chain.Sequence, source)
            || !await IsConsumedWithoutItAsync(chain, partition, cancellationToken))
        {
            return;
        }

        if (await FindDamageAsync(outbox, stored, chain, source, cancellationToken) is { } damage)
        {
            Report(chain, AuditFindingKind.Damaged, damage);
            return;
        }

        var missing = chain.Sequence + 1;
        Report(chain, AuditFindingKind.Missing, $"sequence {missing} is missing: the outbox relayed up to {source.Relayed}, and Kafka has no more of it; it is asked for again");
        await outbox.RewindAsync(chain.Shard, missing, cancellationToken);

        // Durable at the outbox from here on. After a crash before it's asked for once more, which is harmless.
        audit.Asked(time.GetElapsedTime(_started));
        metrics.Rewound();
        Log.RewindAsked(_logger, chain.Shard, missing, source.Relayed);
    }

    /// <summary>Whether everything that the partition held when this was called has been read, and the shard still stands where it stood.</summary>
    private async Task<bool> IsConsumedWithoutItAsync(ChainView chain, int partition, CancellationToken cancellationToken)
    {
        var (first, end) = await probe.ReadEndsAsync(partition, cancellationToken);
        var started = time.GetTimestamp();
        while (true)
        {
            var (view, next) = exchange.ReadView();
            var isNow = view.Chains.FirstOrDefault(now => now.Shard == chain.Shard);
            if (!view.NextOffsets.TryGetValue(partition, out var position) || (isNow is not null && (isNow.Generation, isNow.Sequence) != (chain.Generation, chain.Sequence)))
            {
                _reads.Forget(partition);
                return false;
            }

            if (first == end || position >= end)
            {
                _reads.Forget(partition);
                return true;
            }

            var rest = CatchUp - time.GetElapsedTime(started);
            if (rest <= TimeSpan.Zero)
            {
                if (_reads.Waits(partition, position, time.GetElapsedTime(_started)) is { } stalled)
                {
                    exchange.Report(stalled);
                }

                return false;
            }

            await Task.WhenAny(next, Task.Delay(rest, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Whether the outbox has a next event that could be folded, once Kafka brings it. Null when it has.</summary>
    private async Task<string?> FindDamageAsync(
        IInboxSource<TState> outbox, StoredPositions<TState> stored, ChainView chain, SourceShard source, CancellationToken cancellationToken)
    {
        var next = chain.Sequence + 1;
        if (await outbox.ReadEventAsync(chain.Shard, next, cancellationToken) is not { } row)
        {
            return $"sequence {next} is missing, and the outbox, which goes up to {source.Sequence}, doesn't have it any more";
        }

        var judged = _judge.Judge(stored, row.Key.Span, row.Value.Span);
        return judged switch
        {
            { Verdict: Verdict.Next } when judged.Position.Shard == chain.Shard => null,
            { Reason: { } reason } => $"the outbox's own sequence {next} can't be folded: {reason}",
            _ => $"the outbox's own sequence {next} can't be folded: it says it is sequence {judged.Position.Sequence} of shard {judged.Position.Shard}, epoch {judged.Position.Epoch}",
        };
    }

    private void Report(ChainView chain, AuditFindingKind kind, string reason, (int Partition, long Offset)? message = null) =>
        exchange.Report(new AuditFinding(chain.Shard, chain.Generation, chain.Epoch, chain.Sequence, kind, reason) { Message = message });
}
