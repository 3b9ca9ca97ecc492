namespace Tally.Inbox.Chain;

/// <summary>
/// One shard as this process holds it: the position and state after the last event folded in memory, what was set aside, and what is wrong.
/// Invariant: everything up to <see cref="Sequence"/> is in <see cref="State"/>, each event once.
/// </summary>
internal sealed class ShardChain<TState>(ShardPosition<TState> stored, int maxSetAside, long? commonEpoch = null)
{
    private long _sequenceAtCheck = stored.Sequence;
    private long _stuckSince;
    private long? _missingFrom;

    public int Shard { get; } = stored.Shard;

    public int Generation { get; } = stored.Generation;

    public IReadOnlyList<AdoptedBranch<TState>> Adopted { get; } = stored.Adopted;

    public long Epoch { get; private set; } = stored.Epoch;

    public long Sequence { get; private set; } = stored.Sequence;

    public long Count { get; private set; } = stored.Count;

    /// <summary>See <see cref="Storage.StoredPlace"/>; null once an event was folded.</summary>
    public long? CommonEpoch { get; private set; } = commonEpoch;

    public TState State = stored.State;

    /// <summary>The first sequence of the fold that is being collected; 0 while it has none of this shard.</summary>
    public long FoldFrom { get; set; }

    /// <summary>Whether none of its events came here since it was loaded: it may be another instance's.</summary>
    public bool IsForeign { get; set; } = true;

    /// <summary>The last sequence before the fold that is being collected.</summary>
    public long Committed => FoldFrom == 0 ? Sequence : FoldFrom - 1;

    /// <summary>The partition of the last folded event.</summary>
    public int Partition { get; private set; }

    public SetAside SetAside { get; } = new(maxSetAside);

    /// <summary>What came behind a doubtful event, and waits for what is said of it.</summary>
    public Suspicion Suspicion { get; } = new(maxSetAside);

    public ShardTrouble? Trouble { get; private set; }

    /// <summary>A fork or damage ends a shard until somebody decides; a gap ends by itself.</summary>
    public bool IsStopped => Trouble?.Kind is ShardTroubleKind.Fork or ShardTroubleKind.Damaged;

    /// <summary>Whether a fold must not store an offset without looking at what this shard has not processed.</summary>
    public bool PinsOffsets => SetAside.Count > 0 || SetAside.Dropped.Count > 0 || Suspicion.IsOpen;

    /// <summary>Whether the next event may be one that was dropped, so that it must be read again.</summary>
    public bool NeedsDropped => !IsStopped && !Suspicion.IsOpen && Sequence + 1 >= SetAside.LowestDropped;

    public Verdict Classify(in EventPosition position) =>
        ChainRules.Classify(Epoch, Sequence, adopted: Generation > 0, position, atBranch: CommonEpoch is not null);

    /// <summary>Goes on by one event, whose state the caller has put into <see cref="State"/>.</summary>
    public void Advance(in EventPosition position, int partition)
    {
        Epoch = position.Epoch;
        Sequence = position.Sequence;
        Partition = partition;
        CommonEpoch = null;
        Count++;
    }

    /// <summary>Stops the shard until somebody decides; what comes for it is read again after that.</summary>
    public void Stop(ShardTroubleKind kind, string reason) => Trouble = NewTrouble(kind, reason);

    /// <summary>Why an event that contradicts what is held looks like another history.</summary>
    public string DescribeFork(in EventPosition position) => position.Epoch > Epoch
        ? $"epoch {position.Epoch} begins at sequence {position.EpochFirstSequence}, but sequence {Sequence} of epoch {Epoch} is folded already"
        : $"epoch {position.Epoch} goes on with sequence {position.Sequence}, but epoch {Epoch} has begun, and its sequence {Sequence} is folded";

    /// <summary>The audit found that the next event is missing, though none behind it may have come.</summary>
    /// <returns>True when that is news.</returns>
    public bool MarkMissing(string reason)
    {
        if (IsStopped || (Trouble is not null && _missingFrom == Sequence))
        {
            return false;
        }

        var isNew = Trouble is null;
        _missingFrom = Sequence;
        Trouble = NewTrouble(ShardTroubleKind.Gap, reason);
        return isNew;
    }

    /// <summary>Called now and then: decides whether what is set aside waits for too long.</summary>
    /// <param name="time">For timestamps.</param>
    /// <param name="grace">How long is normal.</param>
    /// <returns>True when a gap begins with this call.</returns>
    public bool CheckGap(TimeProvider time, TimeSpan grace)
    {
        if (IsStopped || Suspicion.IsOpen)
        {
            return false;
        }

        if (_missingFrom == Sequence)
        {
            return false;
        }

        if (SetAside.Count == 0 || Sequence != _sequenceAtCheck || _stuckSince == 0)
        {
            _sequenceAtCheck = Sequence;
            _stuckSince = time.GetTimestamp();
            _missingFrom = null;
            Trouble = null;
            return false;
        }

        if (Trouble is not null || time.GetElapsedTime(_stuckSince) < grace)
        {
            return false;
        }

        var (epoch, sequence) = SetAside.FirstPosition;
        Trouble = NewTrouble(
            ShardTroubleKind.Gap, $"sequence {Sequence + 1} is missing: {Sequence} is folded, and the next one seen is {sequence} of epoch {epoch}");
        return true;
    }

    /// <summary>What is told of it, though it isn't what stops it.</summary>
    public ShardTrouble NewTrouble(ShardTroubleKind kind, string reason) => new(Shard, kind, reason) { Generation = Generation };
}
