namespace Tally.Inbox.Chain;

/// <summary>
/// An event that looks like another history, or like damage: only the sending side can say which. Until it has, the shard's further messages wait here in
/// their order, at most a bounded number; what is beyond is read again later.
/// </summary>
internal sealed class Suspicion(int limit)
{
    // As for events that came too early: the few large ones must not take all memory.
    private const int BytesPerEvent = 1024;

    private readonly Queue<RawMessage> _waiting = [];
    private long _bytes;

    public bool IsOpen { get; private set; }

    /// <summary>The doubtful message.</summary>
    public RawMessage Message { get; private set; }

    /// <summary>Where it says it stands.</summary>
    public EventPosition Position { get; private set; }

    /// <summary>Why it's doubtful.</summary>
    public string Reason { get; private set; } = "";

    public void Open(in EventPosition position, in RawMessage message, string reason) =>
        (IsOpen, Position, Message, Reason) = (true, position, message, reason);

    /// <summary>Ends it; what waited stays, to be taken one by one.</summary>
    public void Close() => (IsOpen, Message) = (false, default);

    /// <returns>False when there's no room.</returns>
    public bool Add(in RawMessage message)
    {
        if (_waiting.Count >= limit || _bytes >= (long)limit * BytesPerEvent)
        {
            return false;
        }

        _waiting.Enqueue(message);
        _bytes += message.Value.Length;
        return true;
    }

    public bool TryTake(out RawMessage message)
    {
        if (!_waiting.TryDequeue(out message))
        {
            return false;
        }

        _bytes -= message.Value.Length;
        return true;
    }

    /// <summary>Lowers each partition's offset to the first message that is not decided here.</summary>
    public void Pin(Dictionary<int, long> nextOffsets)
    {
        if (!IsOpen)
        {
            return;
        }

        SetAside.Lower(nextOffsets, Message.Partition, Message.Offset);
        foreach (var message in _waiting)
        {
            SetAside.Lower(nextOffsets, message.Partition, message.Offset);
        }
    }
}
