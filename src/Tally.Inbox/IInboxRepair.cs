namespace Tally.Inbox;

/// <summary>What an operator can do with an inbox, on any instance of it and for all shards.</summary>
/// <typeparam name="TState">What is kept of a shard.</typeparam>
public interface IInboxRepair<TState>
{
    /// <summary>
    /// Mends a shard whose history the outbox doesn't hold any more: goes back to the last event that both have, keeps what was folded beyond beside the
    /// state (<see cref="ShardPosition{TState}.Adopted"/>), and has the outbox send again from there. Confirmed with the outbox before, and one commit: it's
    /// done or not, and after a crash the rewind is asked for by the audit.
    /// </summary>
    /// <param name="shard">The shard.</param>
    /// <param name="cancellationToken">Cancels it; what is committed stays.</param>
    /// <exception cref="InboxRepairException">It can't be done, and nothing was changed.</exception>
    /// <exception cref="InboxSourceException">There is no outbox to ask, or it's away; nothing was changed.</exception>
    /// <exception cref="Npgsql.NpgsqlException">The database failed; it may have been done.</exception>
    Task<ForkAdoption<TState>> AdoptForkAsync(int shard, CancellationToken cancellationToken);

    /// <summary>Reads the messages in quarantine that nobody has decided on yet, lowest id first, with at most a kilobyte of each key and value.</summary>
    /// <param name="limit">At most this many.</param>
    /// <param name="afterId">Only those with a higher id.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="Npgsql.NpgsqlException">The database can't be read now.</exception>
    Task<IReadOnlyList<QuarantinedMessage>> ListQuarantineAsync(int limit, long afterId, CancellationToken cancellationToken);

    /// <summary>Reads a message of the quarantine, decided on or not.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The message, or null when there is none with this number.</returns>
    /// <exception cref="Npgsql.NpgsqlException">The database can't be read now.</exception>
    Task<QuarantinedMessage?> ShowQuarantinedAsync(long id, CancellationToken cancellationToken);

    /// <summary>
    /// Judges a message's bytes anew, as if they came now, and folds it when it's the next one. What becomes of it and the note in the audit table are one
    /// commit.
    /// </summary>
    /// <param name="id">Its number.</param>
    /// <param name="cancellationToken">Cancels it; what is committed stays.</param>
    /// <exception cref="InboxRepairException">It can't be done, and nothing was changed.</exception>
    /// <exception cref="Npgsql.NpgsqlException">The database failed; it may have been done.</exception>
    Task<QuarantineReplay> ReplayQuarantinedAsync(long id, CancellationToken cancellationToken);

    /// <summary>Takes a message off the list. Its bytes stay, and the audit table keeps why.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="why">Why, for those who come later.</param>
    /// <param name="cancellationToken">Cancels it; what is committed stays.</param>
    /// <exception cref="InboxRepairException">It can't be done, and nothing was changed.</exception>
    /// <exception cref="Npgsql.NpgsqlException">The database failed; it may have been done.</exception>
    Task DiscardQuarantinedAsync(long id, string why, CancellationToken cancellationToken);
}

/// <summary>A fork that was adopted.</summary>
/// <typeparam name="TState">What is kept of a shard.</typeparam>
/// <param name="Branch">What was given up, and is kept beside the state.</param>
/// <param name="LastCommon">The position from which the shard goes on.</param>
/// <param name="RewindRequested">Whether the outbox was asked to send again from there; when not, the audit asks for it soon.</param>
public sealed record ForkAdoption<TState>(AdoptedBranch<TState> Branch, ShardPosition<TState> LastCommon, bool RewindRequested);

/// <summary>Why a repair wasn't done.</summary>
public enum InboxRepairRefusal
{
    /// <summary>There is no such shard or message.</summary>
    NotFound = 1,

    /// <summary>There is nothing to be repaired: the shard has no fork, or the message was decided on before.</summary>
    NotNeeded = 2,

    /// <summary>Another instance went on with the shard at the same instant; it may be tried again.</summary>
    Moved = 3,

    /// <summary>The histories don't fit together in a way that could be repaired.</summary>
    NotPossible = 4,
}

/// <summary>A repair wasn't done, and nothing was changed.</summary>
/// <param name="refusal">Why, for programs.</param>
/// <param name="message">Why, for people.</param>
/// <param name="inner">The failure, if any.</param>
public sealed class InboxRepairException(InboxRepairRefusal refusal, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Why, for programs.</summary>
    public InboxRepairRefusal Refusal { get; } = refusal;
}
