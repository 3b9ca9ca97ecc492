namespace Tally.Inbox.Chain;

/// <summary>What an event is, compared with what its shard holds.</summary>
internal enum Verdict
{
    /// <summary>The next one, as far as its position says.</summary>
    Next,

    /// <summary>Held already.</summary>
    Replay,

    /// <summary>Events before it are missing, so far.</summary>
    TooEarly,

    /// <summary>Its epoch begins at or below what is held, or goes on above it though a newer one has begun: two histories.</summary>
    Fork,

    /// <summary>Its numbers contradict each other or what is held.</summary>
    Poison,
}

/// <summary>
/// The rules that make a replay, a loss or a second history visible at the very event. They hold because a shard has one writer at a time, whose
/// sequence has no gaps, and because a new writer's epoch is higher and begins right behind the last committed event.
/// </summary>
internal static class ChainRules
{
    /// <summary>Compares an event whose numbers are within their limits with the position held of its shard.</summary>
    /// <param name="heldEpoch">The epoch of the last folded event.</param>
    /// <param name="heldSequence">Its sequence.</param>
    /// <param name="adopted">Whether a fork was adopted before: then the topic holds the rest of a history that was given up.</param>
    /// <param name="position">The event's position.</param>
    /// <param name="atBranch">Whether nothing was folded since then: the held epoch was only taken over, and begins right behind what is held.</param>
    public static Verdict Classify(long heldEpoch, long heldSequence, bool adopted, in EventPosition position, bool atBranch = false)
    {
        if (Sabotage.Is(Sabotage.FoldReplays))
        {
            return Verdict.Next;
        }

        if (position.Epoch < heldEpoch)
        {
            // An epoch ends where the next one begins, so an older one can't go on above what is held. Skipping this as a replay would
            // swallow a whole history when the epoch of one event was damaged.
            return position.Sequence > heldSequence && !adopted ? Verdict.Fork : Verdict.Replay;
        }

        if (position.Epoch == heldEpoch)
        {
            // The held event is of this epoch, so the epoch can't begin behind it.
            return position.Sequence <= heldSequence ? Verdict.Replay
                : position.EpochFirstSequence > heldSequence + (atBranch ? 1 : 0) ? Verdict.Poison
                : position.Sequence == heldSequence + 1 ? Verdict.Next
                : Verdict.TooEarly;
        }

        return position.EpochFirstSequence <= heldSequence ? Verdict.Fork
            : position.Sequence == heldSequence + 1 ? Verdict.Next
            : Verdict.TooEarly;
    }
}
