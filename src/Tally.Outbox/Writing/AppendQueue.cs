namespace Tally.Outbox.Writing;

/// <summary>
/// Where callers put their appends for one writer. No lock: callers push onto a stack with a compare-and-swap, and the writer takes the whole
/// stack at once and turns it around, so order is kept.
/// </summary>
internal sealed class AppendQueue<TItem>(int capacity, Signal signal)
{
    private PendingAppend<TItem>? _newest;
    private int _count;

    /// <summary>How many were put in and are not answered yet, those in the commit under way included.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Adds one, and wakes the writer when it was the first.</summary>
    /// <returns>False when as many wait as may.</returns>
    public bool TryEnqueue(PendingAppend<TItem> pending)
    {
        if (Interlocked.Increment(ref _count) > capacity)
        {
            Interlocked.Decrement(ref _count);
            return false;
        }

        var newest = Volatile.Read(ref _newest);
        while (true)
        {
            pending.Next = newest;
            var seen = Interlocked.CompareExchange(ref _newest, pending, newest);
            if (ReferenceEquals(seen, newest))
            {
                break;
            }

            newest = seen;
        }

        if (newest is null)
        {
            signal.Raise();
        }

        return true;
    }

    /// <summary>Takes all that wait, oldest first, linked by <see cref="PendingAppend{TItem}.Next"/>. The writer only.</summary>
    public PendingAppend<TItem>? TakeAll()
    {
        var newest = Interlocked.Exchange(ref _newest, null);
        PendingAppend<TItem>? oldest = null;
        while (newest is not null)
        {
            (newest.Next, oldest, newest) = (oldest, newest, newest.Next);
        }

        return oldest;
    }

    /// <summary>Makes room: so many were answered. The writer only.</summary>
    public void Leave(int count) => Interlocked.Add(ref _count, -count);
}
