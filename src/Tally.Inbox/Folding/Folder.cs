using Tally.Inbox.Chain;
using Tally.Inbox.Storage;

namespace Tally.Inbox.Folding;

/// <summary>
/// Folds messages in memory and collects what the next commit stores. Knows neither Kafka nor PostgreSQL nor threads: the loop that owns it calls it.
/// </summary>
internal sealed partial class Folder<TState, TEvent>(
    InboxHandler<TState, TEvent> handler, string topic, int maxSetAside, IFolderEvents events, bool confirmsForks = false, TimeProvider? time = null)
{
    private readonly ShardChain<TState>?[] _chains = new ShardChain<TState>?[EventPosition.MaxShard + 1];

    // What the next commit stores, beside the chains that moved.
    private readonly List<ShardChain<TState>> _moved = [];
    private readonly Dictionary<int, long> _nextOffsets = [];
    private List<PoisonRow> _poison = [];
    private FoldCompanion<TEvent>? _companion;
    private CommitTimes _commitTimes = new();
    private bool _sourceIsNew;
    private List<TracedEvent>? _traced;

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    private Guid? _source;
    private bool _mustReadAgain;

    /// <summary>Which topic of its name is read, where that is known.</summary>
    public Guid? TopicId { get; set; }

    private int _events;
    private long _poisonBytes;

    /// <summary>What the next commit stores, in events. A kilobyte for the quarantine counts as one, so that large garbage can't fill the memory.</summary>
    public long Pending => _events + _poison.Count + (_poisonBytes / 1024);

    public bool HasPending => _events > 0 || _poison.Count > 0;

    /// <summary>True when events that were dropped are needed now: the loop must read positions and offsets from the database again.</summary>
    public bool MustReadAgain => _mustReadAgain;

    public IEnumerable<ShardChain<TState>> Chains => _chains.OfType<ShardChain<TState>>();

    /// <summary>Forgets everything and starts from what the database holds.</summary>
    public void Load(StoredPositions<TState> stored)
    {
        Array.Clear(_chains);
        foreach (var (position, place) in stored.Shards)
        {
            _chains[position.Shard] = new ShardChain<TState>(position, maxSetAside, place.CommonEpoch);
        }

        _source = stored.Source;
        _mustReadAgain = false;
        _openDoubts = 0;
        _nextOffsets.Clear();
        _moved.Clear();
        ResetPending();
    }

    /// <summary>Forgets everything: nothing may be folded until positions are loaded.</summary>
    public void Clear() => Load(StoredPositions<TState>.None);

    /// <summary>
    /// Takes over what others folded of the shards that are theirs, so that it's known when such a shard comes here. Only while no commit is under way.
    /// </summary>
    /// <returns>False when the database contradicts what is held here: then everything must be read again.</returns>
    public bool Refresh(StoredPositions<TState> stored)
    {
        var before = Chains.Count(static chain => chain.Committed > 0);
        foreach (var (position, place) in stored.Shards)
        {
            var chain = _chains[position.Shard];
            if (chain is null || chain.IsForeign)
            {
                if (chain is not null && (chain.Generation != position.Generation || chain.Sequence > position.Sequence))
                {
                    return false;
                }

                before -= chain is { Committed: > 0 } ? 1 : 0;
                _chains[position.Shard] = new ShardChain<TState>(position, maxSetAside, place.CommonEpoch);
            }
            else if (chain.Generation != position.Generation || chain.Committed != position.Sequence)
            {
                return false;
            }
            else
            {
                before--;
            }
        }

        // What is known here and missing there.
        return before == 0;
    }

    /// <summary>Takes the next message of a partition.</summary>
    public void Take(in RawMessage message)
    {
        // First, so that a fold that holds this event also says that it was read.
        _nextOffsets[message.Partition] = message.Offset + 1;
        if (message.Value is null || message.Key is null)
        {
            Quarantine(new RawMessage(message.Topic, message.Partition, message.Offset, message.Key ?? [], message.Value ?? []), "the message has no key or no value");
            return;
        }

        var fault = handler.Decode(message.Key, message.Value, out var position, out var decoded) ?? position.FindFault();
        if (fault is not null)
        {
            Quarantine(message, fault);
            return;
        }

        if (_source is { } source && position.System != source)
        {
            Quarantine(message, $"the event is of system {position.System}; this inbox takes those of {source}");
            return;
        }

        var chain = _chains[position.Shard] ??= NewChain(position.Shard);
        chain.IsForeign = false;
        if (Take(chain, position, decoded, message) && chain.PinsOffsets)
        {
            TakeSetAside(chain);
        }
    }

    /// <summary>Hands over what was collected, and begins a new collection.</summary>
    public Fold<TState, TEvent> Complete()
    {
        var offsets = SafeOffsets();
        var fold = new Fold<TState, TEvent>
        {
            NewSource = _sourceIsNew ? _source : null,
            Companion = _companion,
            Events = _events,
            CommitTimes = _commitTimes,
            Traced = _traced,
            NextOffsets = offsets,
        };
        fold.Poison.AddRange(_poison);
        _moved.Sort(static (a, b) => a.Shard.CompareTo(b.Shard));
        foreach (var chain in _moved)
        {
            var after = new ShardPosition<TState>(chain.Shard, chain.Generation, chain.Epoch, chain.Sequence, chain.Count, chain.State) { Adopted = chain.Adopted };
            fold.Rows.Add(new FoldRow<TState>(after, chain.FoldFrom, topic, chain.Partition, offsets[chain.Partition], TopicId));
            chain.FoldFrom = 0;
        }

        _moved.Clear();
        ResetPending();
        return fold;
    }

    private void ResetPending()
    {
        _poison = [];
        _companion = null;
        _commitTimes = new CommitTimes();
        _traced = null;
        _sourceIsNew = false;
        _poisonBytes = 0;
        _events = 0;
    }

    /// <summary>How far each partition is processed: read, less what waits in memory and what was dropped.</summary>
    private Dictionary<int, long> SafeOffsets()
    {
        var safe = new Dictionary<int, long>(_nextOffsets);
        foreach (var chain in _chains)
        {
            if (chain?.PinsOffsets == true)
            {
                chain.SetAside.Pin(safe);
                chain.Suspicion.Pin(safe);
            }
        }

        return safe;
    }

    /// <returns>True when the shard went on.</returns>
    private bool Take(ShardChain<TState> chain, in EventPosition position, in TEvent decoded, in RawMessage message)
    {
        if (chain.IsStopped)
        {
            chain.SetAside.Drop(position.Sequence, message);
            return false;
        }

        if (chain.Suspicion.IsOpen)
        {
            if (!chain.Suspicion.Add(message))
            {
                chain.SetAside.Drop(position.Sequence, message);
            }

            return false;
        }

        switch (chain.Classify(position))
        {
            case Verdict.Next when FindDoubt(chain, position, decoded) is { } doubt:
                Doubt(chain, position, message, doubt);
                return false;
            case Verdict.Next:
                return FoldNext(chain, position, decoded, message);
            case Verdict.Replay:
                events.Duplicate(message);
                return false;
            case Verdict.TooEarly:
                if (!chain.SetAside.Add(position, message))
                {
                    events.Duplicate(message);
                }

                return false;
            case Verdict.Fork:
                Doubt(chain, position, message, chain.DescribeFork(position));
                return false;
            default:
                Quarantine(message, $"its epoch begins at {position.EpochFirstSequence}, but sequence {chain.Sequence} of the same epoch is folded already");
                return false;
        }
    }

    private bool FoldNext(ShardChain<TState> chain, in EventPosition position, in TEvent decoded, in RawMessage message)
    {
        var fault = handler.Fold(ref chain.State, decoded);
        if (fault is not null)
        {
            Quarantine(message, fault);
            return false;
        }

        if (_source is null)
        {
            _source = position.System;
            _sourceIsNew = true;
        }

        if (chain.FoldFrom == 0)
        {
            chain.FoldFrom = position.Sequence;
            _moved.Add(chain);
        }

        chain.Advance(position, message.Partition);
        if (_events++ == 0)
        {
            _companion = handler.BeginFold();
        }

        _companion?.Add(position, decoded);
        _commitTimes.Add(handler.CommittedAtUnixMicros(decoded));
        if (message.Trace is { } trace)
        {
            (_traced ??= []).Add(new TracedEvent(trace, position.Shard, position.Epoch, position.Sequence));
        }

        return true;
    }

    /// <summary>What was too early may be next now. It's judged again from its bytes, as if it came now.</summary>
    private void TakeSetAside(ShardChain<TState> chain)
    {
        var aside = chain.SetAside;
        while (aside.Count > 0 && !chain.IsStopped && !chain.Suspicion.IsOpen)
        {
            var (epoch, sequence) = aside.FirstPosition;
            if (epoch >= chain.Epoch && sequence > chain.Sequence + 1)
            {
                break;
            }

            var message = aside.First;
            aside.RemoveFirst();
            TakeAgain(chain, message);
        }

        _mustReadAgain |= chain.NeedsDropped;
    }

    private bool TakeAgain(ShardChain<TState> chain, in RawMessage message)
    {
        handler.Decode(message.Key, message.Value, out var position, out var decoded);
        if (position.System == _source)
        {
            return Take(chain, position, decoded, message);
        }

        Quarantine(message, $"the event is of system {position.System}; this inbox takes those of {_source}");
        return false;
    }

    private ShardChain<TState> NewChain(int shard) => new(new ShardPosition<TState>(shard, 0, 0, 0, 0, handler.InitialState), maxSetAside);

    private void Quarantine(in RawMessage message, string reason)
    {
        _poison.Add(new PoisonRow(message, reason, TopicId));
        _poisonBytes += message.Key.Length + message.Value.Length;
        events.Poisoned(message, reason);
    }
}
