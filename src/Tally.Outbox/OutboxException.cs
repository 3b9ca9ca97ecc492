namespace Tally.Outbox;

/// <summary>Why an append failed.</summary>
public enum OutboxFault
{
    /// <summary>Too many appends wait already (<see cref="OutboxOptions.QueueCapacity"/>). Not stored; try again later.</summary>
    Full,

    /// <summary>The database is away, or this instance owns no shard for the message. Not stored; try again.</summary>
    Unavailable,

    /// <summary>The connection was lost during the commit, and the outcome couldn't be found out in time. Maybe stored.</summary>
    OutcomeUnknown,

    /// <summary>The payload exceeds <see cref="OutboxOptions.MaxPayloadBytes"/>. Not stored.</summary>
    TooLarge,

    /// <summary>The encoder refused the item. Not stored.</summary>
    Refused,

    /// <summary>The idempotency key belongs to another request that was stored. Not stored; sending it again is of no use.</summary>
    KeyReused,

    /// <summary>The encoder failed with an exception that isn't an <see cref="OutboxException"/>: a fault of the application. Not stored.</summary>
    EncoderFailed,
}

/// <summary>An append failed. The message is fit to be shown to a caller.</summary>
public sealed class OutboxException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="fault">Why.</param>
    /// <param name="message">The same in words that may be shown to a caller.</param>
    /// <param name="innerException">The cause, for logs.</param>
    public OutboxException(OutboxFault fault, string message, Exception? innerException = null)
        : base(message, innerException) => Fault = fault;

    /// <summary>Why.</summary>
    public OutboxFault Fault { get; }

    /// <summary>
    /// True when this append surely stored nothing, so that it may be sent again without being counted twice. It says nothing of an earlier append with
    /// the same idempotency key: a repetition that fails leaves open what became of the first.
    /// </summary>
    public bool NotStored => Fault != OutboxFault.OutcomeUnknown;

    /// <summary>
    /// After which time it is worth another try, for <see cref="OutboxFault.Full"/>: by then about half of what waits is committed, at the speed of the last commit.
    /// Null where that isn't known.
    /// </summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The same for another caller.</summary>
    internal OutboxException Copy() => new(Fault, Message, InnerException) { RetryAfter = RetryAfter };
}
