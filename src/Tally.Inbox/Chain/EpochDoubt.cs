namespace Tally.Inbox.Chain;

/// <summary>
/// Whether the first event of a new epoch may owe that to damage. Its chain can't tell: by its sequence it's the next one, and all that is asked of its epoch is
/// to be higher. Folded, a damaged one would be held and told to the outbox, whose true next event lies below it: a fork that adopting can't mend, since no newer
/// epoch begins in the outbox.
/// </summary>
/// <remarks>
/// An epoch is the database's clock at the claim, or just above the one before where that is higher. So one that isn't ahead of its event's commit by more than
/// clocks differ is believed, and so is one that follows closely upon what is held, as all do for a while after a clock was set back. That costs the usual claim
/// nothing. Of any other the outbox is asked, once: clocks that jump cost a question a claim, and never an event.
/// </remarks>
internal static class EpochDoubt
{
    private const long ClocksDifferMicros = 60_000_000;

    // By claims alone, most of which may never have stored anything.
    private const long ClosestClaims = 1000;

    /// <summary>Looks at an event that is the next one by its position.</summary>
    /// <param name="heldEpoch">The epoch of the last folded event.</param>
    /// <param name="position">The event's position.</param>
    /// <param name="committedAtUnixMicros">When it was committed; 0 where it doesn't say: then it's compared with the clock.</param>
    /// <param name="time">The clock.</param>
    /// <returns>Null when it's believed, or what is odd, in a sentence.</returns>
    public static string? Find(long heldEpoch, in EventPosition position, long committedAtUnixMicros, TimeProvider time)
    {
        if (position.Epoch - ClosestClaims <= heldEpoch)
        {
            return null;
        }

        var at = committedAtUnixMicros != 0 ? committedAtUnixMicros : (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        return position.Epoch - ClocksDifferMicros <= at
            ? null
            : $"epoch {position.Epoch} begins at sequence {position.Sequence}, but by the clock it lies in the future of {at}, when that was committed";
    }
}
