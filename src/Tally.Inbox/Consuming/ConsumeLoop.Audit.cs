using Tally.Inbox.Auditing;
using Tally.Inbox.Chain;

namespace Tally.Inbox.Consuming;

/// <content>What is shown to the audit, and taken from it.</content>
internal sealed partial class ConsumeLoop<TState, TEvent>
{
    private const int ShownAside = 100;

    private long _doubtsTold;

    // By assigned partition: what is taken next, or null when that isn't known yet. librdkafka's own position belongs to the assignment before for a moment.
    private Dictionary<int, long?> _nextOffsets = [];

    // The topics that the stored offsets are of, where they are known.
    private IReadOnlyList<Guid> _storedIds = [];

    /// <summary>Takes what the audit found, and wakes it when something new is doubtful.</summary>
    private void Audit()
    {
        while (_exchange.TryTake(out var finding))
        {
            if (_joined)
            {
                _folder.Apply(finding);
            }
        }

        // Before it's woken: it must see what it is asked about.
        Show();
        if (_doubtsTold != _folder.Doubts)
        {
            _doubtsTold = _folder.Doubts;
            _exchange.Wake();
        }
    }

    private void Show()
    {
        _exchange.View = new LoopView(
            _joined ? _nextOffsets.ToDictionary() : [],
            [.. _folder.Chains.Select(View)]);
    }

    private static ChainView View(ShardChain<TState> chain) => new(
        chain.Shard,
        chain.Generation,
        chain.Epoch,
        chain.Sequence,
        chain.CommonEpoch,
        chain.IsStopped,
        chain.Suspicion.IsOpen ? View(chain, chain.Suspicion) : null)
    {
        Aside = chain.SetAside.Count > 0 ? [.. chain.SetAside.Latest(ShownAside)] : [],
    };

    private static DoubtfulEvent View(ShardChain<TState> chain, Suspicion doubt) => new(
        doubt.Message.Partition, doubt.Message.Offset, chain.Classify(doubt.Position) == Verdict.Next ? doubt.Position.Epoch : null);

    /// <returns>True when the stored offsets are of another topic than the one that is read.</returns>
    /// <exception cref="NewConsumerException">Another topic has taken the place of the one that this consumer knew.</exception>
    private bool TakeTopicId()
    {
        if (_exchange.Topic?.Id is not { } id || id == _folder.TopicId)
        {
            return false;
        }

        if (_folder.TopicId is not null)
        {
            // What is folded is as true as before.
            CommitPending();
            throw new NewConsumerException("The topic was removed and made again.");
        }

        _folder.TopicId = id;
        return _storedIds.Any(stored => stored != id);
    }

    /// <exception cref="NewConsumerException">The audit has seen that this consumer reads nothing of what Kafka has.</exception>
    private void EndWhenNothingIsRead()
    {
        // While something waits for its commit, it's the database that holds it up.
        var isHeldUp = _folder.HasPending || !_committer.IsIdle || !_monitor.Status.IsReady;
        if (_exchange.TakeStalled() is { } stalled && !isHeldUp && _joined && _nextOffsets.TryGetValue(stalled.Partition, out var next) && next == stalled.NextOffset)
        {
            CommitPending();
            throw new NewConsumerException($"Kafka has more of partition {stalled.Partition}, but nothing of it is read.");
        }
    }
}
