namespace Tally.Outbox.Relaying;

/// <summary>Takes wishes for rewinds, and checks that they can be fulfilled.</summary>
internal sealed class RewindDesk(OutboxDatabase database, OutboxReader reader) : IOutboxRelay
{
    public async Task RewindAsync(int shard, long fromSequence, CancellationToken cancellationToken = default)
    {
        var shards = await reader.GetPositionsAsync(cancellationToken);
        if (shard < 0 || shard >= shards.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(shard), shard, $"There is no shard {shard}; allowed: 0 to {shards.Count - 1}.");
        }

        var (last, trimmed) = (shards[shard].Sequence, shards[shard].TrimmedTo);
        if (fromSequence < 1 || fromSequence > last)
        {
            throw new ArgumentOutOfRangeException(
                nameof(fromSequence), fromSequence, $"Shard {shard} has no result {fromSequence}; allowed: {trimmed + 1} to {last}.");
        }

        if (!await database.Progress.AskForRewindAsync(shard, fromSequence, cancellationToken))
        {
            trimmed = (await reader.GetTrimmedAsync(shard, cancellationToken)).LastSequence;
            throw new ArgumentOutOfRangeException(
                nameof(fromSequence), fromSequence, $"Shard {shard} has no result {fromSequence} any more, since it was trimmed; allowed: {trimmed + 1} to {last}.");
        }
    }
}
