using System.Runtime.InteropServices;

namespace Tally.Inbox;

/// <summary>Where an event stands in the outbox it came from. Every event carries it; the chain check needs nothing else.</summary>
/// <param name="System">The identity of the outbox.</param>
/// <param name="Shard">The shard that committed the event, 0 to <see cref="MaxShard"/>.</param>
/// <param name="Epoch">The epoch of the writer that committed it, from 1.</param>
/// <param name="EpochFirstSequence">The first sequence of that epoch, from 1.</param>
/// <param name="Sequence">The place within the shard: 1, 2, 3 … without a gap, over all epochs.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct EventPosition(Guid System, int Shard, long Epoch, long EpochFirstSequence, long Sequence)
{
    /// <summary>The highest shard that an inbox accepts.</summary>
    public const int MaxShard = 1023;

    // What an outbox can be told to be held; also leaves room for "the next one" of either.
    private const long MaxNumber = long.MaxValue / 2;

    /// <summary>What is wrong with the numbers, or null when they are within their limits.</summary>
    /// <returns>A short sentence for the quarantine.</returns>
    public string? FindFault()
    {
        if (Shard is < 0 or > MaxShard)
        {
            return $"shard is {Shard}; allowed: 0 to {MaxShard}";
        }

        if (Epoch is < 1 or > MaxNumber)
        {
            return $"epoch is {Epoch}; allowed: 1 to {MaxNumber}";
        }

        if (Sequence is < 1 or > MaxNumber)
        {
            return $"sequence is {Sequence}; allowed: 1 to {MaxNumber}";
        }

        return EpochFirstSequence < 1 || EpochFirstSequence > Sequence
            ? $"the epoch's first sequence is {EpochFirstSequence}; allowed: 1 to the sequence, {Sequence}"
            : null;
    }
}
