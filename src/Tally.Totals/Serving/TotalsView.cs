using Tally.Inbox;

namespace Tally.Totals.Serving;

/// <summary>
/// The last known position and total of every shard: what this instance committed itself, at once, and what the database says about the shards of other
/// instances. Positions only grow, whichever source is faster. Those who wait for a position are woken when it's there, without a query each.
/// </summary>
internal sealed class TotalsView(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly ShardPosition<Amount>?[] _shards = new ShardPosition<Amount>?[EventPosition.MaxShard + 1];
    private readonly LinkedList<Waiter> _waiters = [];
    private TaskCompletionSource _changed = NewSignal();
    private long _readAt;
    private bool _wasRead;

    /// <summary>How old the knowledge about other instances' shards is; the longest time when nothing was read yet.</summary>
    public TimeSpan Age
    {
        get
        {
            lock (_gate)
            {
                return _wasRead ? time.GetElapsedTime(_readAt) : TimeSpan.MaxValue;
            }
        }
    }

    public bool HasWaiters
    {
        get
        {
            lock (_gate)
            {
                return _waiters.Count > 0;
            }
        }
    }

    /// <summary>Takes over the positions as the truth, also where they are lower: the database may have been restored.</summary>
    public void Reset(IReadOnlyList<ShardPosition<Amount>> positions)
    {
        lock (_gate)
        {
            Array.Clear(_shards);
            Merge_NeedsLock(positions);
            MarkRead_NeedsLock(time.GetTimestamp());
        }
    }

    /// <summary>Takes over what the database said, when it was asked at that time.</summary>
    public void UpdateFromDatabase(IReadOnlyList<ShardPosition<Amount>> positions, long askedAt)
    {
        lock (_gate)
        {
            Merge_NeedsLock(positions);
            MarkRead_NeedsLock(askedAt);
        }
    }

    /// <summary>Takes over what this instance committed.</summary>
    public void Update(IReadOnlyList<ShardPosition<Amount>> positions)
    {
        lock (_gate)
        {
            Merge_NeedsLock(positions);
        }
    }

    /// <summary>The total now, and a task that ends at its next change.</summary>
    public (TotalSnapshot Total, Task Changed) Read()
    {
        lock (_gate)
        {
            return (new TotalSnapshot([.. _shards.OfType<ShardPosition<Amount>>()]), _changed.Task);
        }
    }

    /// <summary>Waits until each of the positions is reached.</summary>
    public async Task ReachAsync(IReadOnlyList<HeldPosition> atLeast, CancellationToken cancellationToken)
    {
        LinkedListNode<Waiter> node;
        lock (_gate)
        {
            if (IsReached_NeedsLock(atLeast))
            {
                return;
            }

            node = _waiters.AddLast(new Waiter(atLeast, NewSignal()));
        }

        try
        {
            await node.Value.Reached.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (_gate)
            {
                if (node.List is not null)
                {
                    _waiters.Remove(node);
                }
            }
        }
    }

    private void Merge_NeedsLock(IReadOnlyList<ShardPosition<Amount>> positions)
    {
        var moved = false;
        foreach (var position in positions)
        {
            if (_shards[position.Shard] is not { } held || Order(position).CompareTo(Order(held)) > 0)
            {
                _shards[position.Shard] = position;
                moved = true;
            }
        }

        if (!moved)
        {
            return;
        }

        for (var node = _waiters.First; node is not null;)
        {
            var next = node.Next;
            if (IsReached_NeedsLock(node.Value.AtLeast))
            {
                _waiters.Remove(node);
                node.Value.Reached.SetResult();
            }

            node = next;
        }

        _changed.SetResult();
        _changed = NewSignal();
    }

    private void MarkRead_NeedsLock(long askedAt) => (_wasRead, _readAt) = (true, askedAt);

    private bool IsReached_NeedsLock(IReadOnlyList<HeldPosition> atLeast)
    {
        foreach (var wanted in atLeast)
        {
            var held = _shards[wanted.Shard];
            if (((held?.Epoch ?? 0) < wanted.Epoch || (held?.Sequence ?? 0) < wanted.Sequence) && !IsAdopted(held, wanted))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether it is of a history that was given up, and contained in what was kept of it.</summary>
    private static bool IsAdopted(ShardPosition<Amount>? held, HeldPosition wanted) =>
        held is { Adopted.Count: > 0 } && held.Adopted.Any(branch => branch.Epoch >= wanted.Epoch && branch.ToSequence >= wanted.Sequence);

    private static (int Generation, long Epoch, long Sequence) Order(ShardPosition<Amount> position) =>
        (position.Generation, position.Epoch, position.Sequence);

    // Continuations elsewhere: the thread that commits folds must not run them under the lock.
    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed record Waiter(IReadOnlyList<HeldPosition> AtLeast, TaskCompletionSource Reached);
}
