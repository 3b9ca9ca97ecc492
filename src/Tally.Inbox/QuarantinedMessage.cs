namespace Tally.Inbox;

/// <summary>A message that could not be folded, as it lay in Kafka.</summary>
/// <param name="Id">Its number, from 1.</param>
/// <param name="Topic">The topic it lay in.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The offset.</param>
/// <param name="Key">Its key; empty also where it had none.</param>
/// <param name="Value">Its value; empty also where it had none.</param>
/// <param name="Reason">Why it could not be folded, in a sentence.</param>
/// <param name="TopicId">Which topic of that name; null where Kafka didn't tell.</param>
/// <param name="QuarantinedAt">When it was put here, by the database's clock.</param>
/// <param name="Actions">What was done with it, oldest first.</param>
public sealed record QuarantinedMessage(
    long Id,
    string Topic,
    int Partition,
    long Offset,
    ReadOnlyMemory<byte> Key,
    ReadOnlyMemory<byte> Value,
    string Reason,
    Guid? TopicId,
    DateTimeOffset QuarantinedAt,
    IReadOnlyList<QuarantineAction> Actions);

/// <summary>Something that was done with a quarantined message.</summary>
/// <param name="Action"><c>replay</c> or <c>discard</c>.</param>
/// <param name="Why">The outcome of a replay, or the reason that was given for discarding.</param>
/// <param name="At">When, by the database's clock.</param>
public sealed record QuarantineAction(string Action, string Why, DateTimeOffset At);

/// <summary>What a quarantined message turned out to be when it was judged anew.</summary>
public enum QuarantineOutcome
{
    /// <summary>It was the next one of its shard, and is folded now. Decided.</summary>
    Folded = 1,

    /// <summary>What is held contains its position already. Decided.</summary>
    Replay = 2,

    /// <summary>Events before it are missing. Not decided.</summary>
    TooEarly = 3,

    /// <summary>It is of another history than what is held. Not decided.</summary>
    Fork = 4,

    /// <summary>It still can't be folded. Not decided.</summary>
    Poison = 5,
}

/// <summary>What became of a replay.</summary>
/// <param name="Outcome">What the message is.</param>
/// <param name="Text">The same in words, as the audit table keeps it.</param>
public sealed record QuarantineReplay(QuarantineOutcome Outcome, string Text);
