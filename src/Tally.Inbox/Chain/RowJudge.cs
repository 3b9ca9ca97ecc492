using Tally.Inbox.Storage;

namespace Tally.Inbox.Chain;

/// <summary>What a message is, judged by itself against a stored position.</summary>
/// <param name="Verdict">What it is.</param>
/// <param name="Reason">Why, when it's poison.</param>
/// <param name="Position">Where it says it stands; nothing when it can't be read.</param>
/// <param name="Event">The event.</param>
/// <param name="After">The state with it, when it's the next one.</param>
internal sealed record Judgement<TState, TEvent>(Verdict Verdict, string? Reason, EventPosition Position, TEvent Event, TState After);

/// <summary>Judges single messages as the folder would, beside it: for the audit, and when the quarantine is replayed.</summary>
internal sealed class RowJudge<TState, TEvent>(InboxHandler<TState, TEvent> handler)
{
    /// <summary>Judges a message as if it came now.</summary>
    public Judgement<TState, TEvent> Judge(StoredPositions<TState> stored, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var fault = handler.Decode(key, value, out var position, out var decoded) ?? position.FindFault();
        if (fault is null && stored.Source is { } source && position.System != source)
        {
            fault = $"the event is of system {position.System}; this inbox takes those of {source}";
        }

        if (fault is not null)
        {
            return new(Verdict.Poison, fault, position, decoded, handler.InitialState);
        }

        var (held, place) = HeldOf(stored, position.Shard);
        var state = held.State;
        var verdict = ChainRules.Classify(held.Epoch, held.Sequence, held.Generation > 0, position, place?.CommonEpoch is not null);
        if (verdict == Verdict.Poison)
        {
            fault = $"its epoch begins at {position.EpochFirstSequence}, but sequence {held.Sequence} of the same epoch is folded already";
        }
        else if (verdict == Verdict.Next)
        {
            fault = handler.Fold(ref state, decoded);
        }

        return new(fault is null ? verdict : Verdict.Poison, fault, position, decoded, state);
    }

    /// <summary>What is held of a shard, also when that is nothing.</summary>
    public (ShardPosition<TState> Position, StoredPlace? Place) HeldOf(StoredPositions<TState> stored, int shard)
    {
        foreach (var (position, place) in stored.Shards)
        {
            if (position.Shard == shard)
            {
                return (position, place);
            }
        }

        return (new ShardPosition<TState>(shard, 0, 0, 0, 0, handler.InitialState), null);
    }
}
