using Tally.Outbox;

namespace Tally.AppHost.Proof;

/// <summary>Adds up a shard of the outbox: what was trimmed, then payload by payload what is there.</summary>
internal sealed class ShardSum
{
    private readonly int _shard;
    private readonly long _relayed;
    private readonly Figure _trimmed;
    private Figure _published;
    private long _epoch;
    private string? _damage;

    /// <param name="shard">The shard.</param>
    /// <param name="trimmed">What retention dropped; the Calculator's state of a shard is its total.</param>
    /// <param name="relayed">The highest sequence that Kafka acknowledged; what was trimmed lies below it.</param>
    public ShardSum(int shard, OutboxTrim trimmed, long relayed)
    {
        _shard = shard;
        _relayed = relayed;
        _epoch = trimmed.Epoch;
        var total = Amount.Zero;
        if (trimmed.State is { } state && !Amount.TryParseTotal(state.Span, out total))
        {
            _damage = $"the total that was written down when it was trimmed up to result {trimmed.LastSequence} can't be read";
        }

        Stored = _published = _trimmed = new Figure(trimmed.Count, total);
    }

    /// <summary>What was added so far.</summary>
    public Figure Stored { get; private set; }

    public void Add(in StoredMessage message)
    {
        if (!StoredResult.TryRead(message.Payload.Span, out var result))
        {
            _damage ??= $"the payload stored as result {message.Sequence} can't be read";
            return;
        }

        if (result.Shard != _shard || result.Sequence != message.Sequence)
        {
            _damage ??= $"the payload stored as result {message.Sequence} says that it is result {result.Sequence} of shard {result.Shard}";
        }

        // Of what was trimmed only the total is left; the first result behind it says what it must be.
        if (_trimmed.Count > 0 && Stored == _trimmed && result.ShardTotal - result.Value != _trimmed.Sum)
        {
            _damage ??= $"{_trimmed.Sum} was written down as the total up to result {message.Sequence - 1} when it was trimmed, but result {message.Sequence} goes on from "
                + $"{result.ShardTotal - result.Value}";
        }

        _epoch = result.Epoch;
        Stored = Stored.Plus(result.Value);
        if (message.Sequence <= _relayed)
        {
            _published = Stored;
        }
    }

    public StoredSum ToSum() => new(Stored, _published, _epoch, _damage, _trimmed);
}
