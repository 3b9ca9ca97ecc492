namespace Tally.Inbox;

/// <summary>
/// The sending side as an inbox sees it: what its audit compares with, and asks to send again. Register one to let an inbox mend itself; without one
/// gaps and forks only stop their shard visibly.
/// </summary>
/// <remarks>Called from the audit and from repairs, perhaps at once. Where there are several instances to ask, a call tries them all.</remarks>
/// <typeparam name="TState">What is kept of a shard.</typeparam>
public interface IInboxSource<TState>
{
    /// <summary>How far each shard of the outbox is. What is committed and relayed is read at the time of the call, not remembered.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="InboxSourceException">Nobody could be asked.</exception>
    Task<SourcePositions> ReadPositionsAsync(CancellationToken cancellationToken);

    /// <summary>Asks for a shard to be sent again. Returns once the wish is recorded durably; wishes for a shard become one, from the lowest sequence.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="fromSequence">The first sequence to be sent, from 1.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="InboxSourceException">Nobody could be asked.</exception>
    Task RewindAsync(int shard, long fromSequence, CancellationToken cancellationToken);

    /// <summary>Reads a stored event: what a doubtful one is compared with.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="sequence">Its sequence.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The event, or null when none is stored there.</returns>
    /// <exception cref="InboxSourceException">Nobody could be asked.</exception>
    Task<SourceEvent?> ReadEventAsync(int shard, long sequence, CancellationToken cancellationToken);

    /// <summary>Reads the last result before the first one of an epoch above the given one: where a history parted from one that went on in that epoch.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="epoch">The epoch of the last event that the inbox holds.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>That result; null when the outbox doesn't hold the place any more, so that nobody can say where it was.</returns>
    /// <exception cref="InboxSourceException">Nobody could be asked.</exception>
    Task<SourceBranch<TState>?> ReadBranchAsync(int shard, long epoch, CancellationToken cancellationToken);

    /// <summary>
    /// Tells the outbox what is held durably, so that it may drop it once its own retention allows. Sent again and again, also while nothing moves; one that
    /// is lost or overtaken does no harm. An outbox that drops nothing may ignore it.
    /// </summary>
    /// <param name="confirmation">Who holds what.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="InboxSourceException">Nobody could be asked.</exception>
    Task ConfirmAsync(SourceConfirmation confirmation, CancellationToken cancellationToken);
}

/// <summary>What an inbox holds of an outbox.</summary>
/// <param name="Consumer">The inbox's name, the same in all its instances: <see cref="InboxOptions.GroupId"/>.</param>
/// <param name="System">The identity of the outbox.</param>
/// <param name="Held">The last result of each shard that is held; shards that another instance answers for are left out.</param>
public sealed record SourceConfirmation(string Consumer, Guid System, IReadOnlyList<SourcePlace> Held);

/// <summary>The last result of a shard that is held.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Epoch">The epoch of the last held event; 0 while there is none.</param>
/// <param name="Sequence">Its sequence; 0 while there is none.</param>
public sealed record SourcePlace(int Shard, long Epoch, long Sequence);

/// <summary>How far an outbox is.</summary>
/// <param name="System">Its identity, the same as in its events.</param>
/// <param name="Shards">Its shards, in ascending order.</param>
public sealed record SourcePositions(Guid System, IReadOnlyList<SourceShard> Shards);

/// <summary>How far a shard of an outbox is.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Epoch">The epoch of the last committed event; 0 while there is none.</param>
/// <param name="Sequence">The sequence of the last committed event; 0 while there is none.</param>
/// <param name="Relayed">The highest sequence that Kafka acknowledged without a gap below it; may lag behind.</param>
/// <param name="RewindingFrom">The sequence from which the shard is to be sent again, and isn't wholly yet; 0 when no such wish is open.</param>
/// <param name="Trimmed">The last event that the outbox dropped since it was old and confirmed; 0 when it dropped none.</param>
/// <param name="Owner">Who writes the shard, to be shown; empty when nobody does, or nobody says.</param>
public sealed record SourceShard(int Shard, long Epoch, long Sequence, long Relayed, long RewindingFrom, long Trimmed = 0, string Owner = "");

/// <summary>An event as the outbox stores it.</summary>
/// <param name="Epoch">The epoch in which it was committed.</param>
/// <param name="Key">The key of its Kafka message.</param>
/// <param name="Value">The value of its Kafka message.</param>
public sealed record SourceEvent(long Epoch, ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value);

/// <summary>The end of a common history.</summary>
/// <typeparam name="TState">What is kept of a shard.</typeparam>
/// <param name="Epoch">The epoch of the last common event; 0 when there is none.</param>
/// <param name="Sequence">Its sequence; 0 when there is none.</param>
/// <param name="State">The shard's state after it.</param>
public sealed record SourceBranch<TState>(long Epoch, long Sequence, TState State);
