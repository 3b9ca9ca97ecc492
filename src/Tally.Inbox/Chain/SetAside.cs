namespace Tally.Inbox.Chain;

/// <summary>A message as it was read, with its place, and its trace, if it has one.</summary>
internal readonly record struct RawMessage(string Topic, int Partition, long Offset, byte[] Key, byte[] Value, MessageTrace? Trace = null);

/// <summary>An event that was set aside: what it says of itself, and where it was read.</summary>
internal readonly record struct AsidePlace(long Epoch, long Sequence, int Partition, long Offset);

/// <summary>
/// A shard's events that came too early, lowest first, at most a bounded number. Keeps the lowest: they are needed first. Of what it can't keep it
/// remembers the lowest place, so that it's read again when the shard goes on.
/// </summary>
internal sealed class SetAside(int limit)
{
    // Events are small; the few that are not must not take all memory.
    private const int BytesPerEvent = 1024;

    private readonly SortedSet<Entry> _entries = new(Comparer<Entry>.Create(static (a, b) =>
        a.Epoch != b.Epoch ? a.Epoch.CompareTo(b.Epoch) : a.Sequence.CompareTo(b.Sequence)));

    private long _bytes;

    public int Count => _entries.Count;

    /// <summary>The lowest offset that was dropped, by partition; empty while everything could be kept.</summary>
    public Dictionary<int, long> Dropped { get; } = [];

    /// <summary>The lowest sequence that was dropped.</summary>
    public long LowestDropped { get; private set; } = long.MaxValue;

    /// <summary>The lowest event, which is the first to be needed.</summary>
    public RawMessage First => _entries.Min.Message;

    public (long Epoch, long Sequence) FirstPosition => (_entries.Min.Epoch, _entries.Min.Sequence);

    /// <summary>Keeps an event, perhaps in the place of a later one.</summary>
    /// <returns>False when the same event is kept already.</returns>
    public bool Add(in EventPosition position, in RawMessage message)
    {
        if (!_entries.Add(new Entry(position.Epoch, position.Sequence, message)))
        {
            return false;
        }

        _bytes += message.Value.Length;
        while (_entries.Count > limit || (_bytes > (long)limit * BytesPerEvent && _entries.Count > 1))
        {
            var last = _entries.Max;
            Remove(last);
            Drop(last.Sequence, last.Message);
        }

        return true;
    }

    /// <summary>Notes an event that is neither processed nor kept.</summary>
    public void Drop(long sequence, in RawMessage message)
    {
        LowestDropped = Math.Min(LowestDropped, sequence);
        Lower(Dropped, message.Partition, message.Offset);
    }

    /// <summary>The places of the latest ones, at most so many, latest first.</summary>
    public IEnumerable<AsidePlace> Latest(int atMost) =>
        _entries.Reverse().Take(atMost).Select(static entry => new AsidePlace(entry.Epoch, entry.Sequence, entry.Message.Partition, entry.Message.Offset));

    /// <summary>Gives up the one that was read there.</summary>
    /// <returns>False when it isn't here any more.</returns>
    public bool TryTake(int partition, long offset, out RawMessage message)
    {
        foreach (var entry in _entries.Reverse())
        {
            if (entry.Message.Partition == partition && entry.Message.Offset == offset)
            {
                message = entry.Message;
                Remove(entry);
                return true;
            }
        }

        message = default;
        return false;
    }

    public void RemoveFirst() => Remove(_entries.Min);

    /// <summary>Lowers each partition's offset to the first one that is not processed here.</summary>
    public void Pin(Dictionary<int, long> nextOffsets)
    {
        foreach (var entry in _entries)
        {
            Lower(nextOffsets, entry.Message.Partition, entry.Message.Offset);
        }

        foreach (var (partition, offset) in Dropped)
        {
            Lower(nextOffsets, partition, offset);
        }
    }

    /// <summary>Keeps the lower one of what is there and an offset.</summary>
    public static void Lower(Dictionary<int, long> offsets, int partition, long offset)
    {
        if (!offsets.TryGetValue(partition, out var lowest) || offset < lowest)
        {
            offsets[partition] = offset;
        }
    }

    private void Remove(in Entry entry)
    {
        _entries.Remove(entry);
        _bytes -= entry.Message.Value.Length;
    }

    private readonly record struct Entry(long Epoch, long Sequence, RawMessage Message);
}
