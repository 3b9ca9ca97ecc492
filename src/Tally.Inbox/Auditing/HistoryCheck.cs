namespace Tally.Inbox.Auditing;

/// <summary>Where a shard stands, as far as two histories can be told apart by it.</summary>
internal readonly record struct HeldPlace(int Shard, long Epoch, long Sequence, long? CommonEpoch);

/// <summary>Whether what is held is what the outbox holds. Epochs are never used twice, so the epoch at the held sequence decides it, also with equal values.</summary>
internal static class HistoryCheck
{
    /// <summary>Whether it costs nothing to see that they are the same.</summary>
    public static bool IsSurelySame(in HeldPlace held, SourceShard source) =>
        held.Sequence == 0 || (source.Epoch == held.Epoch && source.Sequence >= held.Sequence);

    /// <summary>Asks the outbox.</summary>
    /// <returns>Null when they are the same, or how they differ, in a sentence.</returns>
    public static async Task<string?> FindForkAsync<TState>(
        IInboxSource<TState> outbox, HeldPlace held, SourceShard source, CancellationToken cancellationToken)
    {
        if (IsSurelySame(held, source))
        {
            return null;
        }

        if (source.Sequence < held.Sequence)
        {
            return $"sequence {held.Sequence} of epoch {held.Epoch} is folded, but the outbox ends at sequence {source.Sequence} of epoch {source.Epoch}";
        }

        if (await outbox.ReadEventAsync(held.Shard, held.Sequence, cancellationToken) is { } row)
        {
            return row.Epoch == (held.CommonEpoch ?? held.Epoch)
                ? null
                : $"sequence {held.Sequence} of epoch {held.CommonEpoch ?? held.Epoch} is folded, but the outbox has it in epoch {row.Epoch}";
        }

        // Trimmed: what is left of the outbox still tells where newer epochs begin.
        if (await outbox.ReadBranchAsync(held.Shard, held.Epoch, cancellationToken) is { } branch)
        {
            return branch.Sequence >= held.Sequence
                ? null
                : $"sequence {held.Sequence} of epoch {held.Epoch} is folded, but a newer epoch begins behind sequence {branch.Sequence} in the outbox";
        }

        // One begins in what was trimmed. Asked for afterwards, since that only grows: who is at least there has what can't be of the same history. Of
        // who isn't, nobody can say; the outbox lacks what comes next for it, and that is found, too.
        var now = await outbox.ReadPositionsAsync(cancellationToken);
        return now.Shards.FirstOrDefault(at => at.Shard == held.Shard) is { } shard && held.Sequence >= shard.Trimmed
            ? $"sequence {held.Sequence} of epoch {held.Epoch} is folded, but a newer epoch begins in what the outbox dropped, which goes up to sequence {shard.Trimmed}"
            : null;
    }
}
