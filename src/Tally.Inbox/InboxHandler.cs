using Npgsql;

namespace Tally.Inbox;

/// <summary>
/// What an inbox is told about the events that it consumes: how to read one, how to fold it into a shard's state, and how to store that state.
/// The inbox itself knows positions only.
/// </summary>
/// <remarks>
/// <see cref="Decode"/>, <see cref="Fold"/> and <see cref="BeginFold"/> run on the inbox's own thread for every event: they should be quick, must not
/// block and must not throw. What they find wrong they return. Audits and repairs call them beside that thread, with a state of their own.
/// </remarks>
/// <typeparam name="TState">What is kept of a shard, for example a running total. Copied by assignment, so a value or an immutable class.</typeparam>
/// <typeparam name="TEvent">What <see cref="Decode"/> makes of a message's bytes.</typeparam>
public abstract class InboxHandler<TState, TEvent>
{
    /// <summary>The state of a shard before its first event.</summary>
    public abstract TState InitialState { get; }

    /// <summary>Reads a message.</summary>
    /// <param name="key">The message's key.</param>
    /// <param name="value">The message's value.</param>
    /// <param name="position">The event's position. Its limits are checked by the inbox (<see cref="EventPosition.FindFault"/>).</param>
    /// <param name="decoded">The event.</param>
    /// <returns>Null, or why the message can't be an event: it then goes to the quarantine with this reason.</returns>
    public abstract string? Decode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, out EventPosition position, out TEvent decoded);

    /// <summary>Adds an event to a shard's state. Called for each event exactly once in the shard's order, as far as commits tell.</summary>
    /// <param name="state">The state before the event, and after it when it fits; left alone otherwise.</param>
    /// <param name="next">The event.</param>
    /// <returns>Null, or why the event doesn't fit the state, for example because a total that it carries differs: it then goes to the quarantine.</returns>
    public abstract string? Fold(ref TState state, in TEvent next);

    /// <summary>
    /// What a stretch of events added to a state: kept when a fork is adopted, for the events that were folded and that the outbox doesn't hold any more.
    /// </summary>
    /// <param name="later">The state after the stretch.</param>
    /// <param name="earlier">The state before it.</param>
    /// <returns>What <paramref name="later"/> has beyond <paramref name="earlier"/>, as <see cref="Save"/> can store it.</returns>
    public abstract TState Subtract(in TState later, in TState earlier);

    /// <summary>The bytes to store for a state.</summary>
    /// <param name="state">The state.</param>
    /// <returns>What <see cref="Load"/> reads.</returns>
    public abstract byte[] Save(in TState state);

    /// <summary>Reads a stored state.</summary>
    /// <param name="stored">What <see cref="Save"/> gave.</param>
    /// <returns>The state.</returns>
    public abstract TState Load(ReadOnlySpan<byte> stored);

    /// <summary>When the sender committed the event, for the time from commit to fold. Default: not known.</summary>
    /// <param name="decoded">The event.</param>
    /// <returns>Microseconds since 1970, or 0 when not known.</returns>
    public virtual long CommittedAtUnixMicros(in TEvent decoded) => 0;

    /// <summary>
    /// Whether a state is what an event itself says it is after it: what the audit compares with the outbox, at the very position that the inbox holds.
    /// Default: an event doesn't say.
    /// </summary>
    /// <param name="state">The state that is held.</param>
    /// <param name="last">The last event of it, as the outbox stores it.</param>
    /// <returns>Null when an event doesn't say.</returns>
    public virtual bool? Agrees(in TState state, in TEvent last) => null;

    /// <summary>Called before the first event of each fold, to collect what is to be stored with it. Default: nothing.</summary>
    /// <returns>An empty companion for one fold, or null.</returns>
    public virtual FoldCompanion<TEvent>? BeginFold() => null;

    /// <summary>
    /// Called at start, after the inbox has made its own tables and in the same transaction, which one instance at a time runs: the place to make
    /// tables of one's own. Called again after each loss of the database, so it must bear that. Default: nothing.
    /// </summary>
    /// <param name="transaction">The transaction; the inbox commits it.</param>
    public virtual void Prepare(NpgsqlTransaction transaction)
    {
    }

    /// <summary>
    /// Called when the positions were read from the database, before anything is folded on top of them: at start, after a rebalance, and after a fold
    /// that failed. What was reported as committed before still is, unless the database itself went back in time. Must be quick and must not throw.
    /// </summary>
    /// <param name="positions">All shards that have a fold, in ascending order.</param>
    public virtual void OnLoaded(IReadOnlyList<ShardPosition<TState>> positions)
    {
    }

    /// <summary>Called after a fold was committed, before the next one is. Must be quick and must not throw.</summary>
    /// <param name="positions">The shards that the fold moved, in ascending order.</param>
    public virtual void OnCommitted(IReadOnlyList<ShardPosition<TState>> positions)
    {
    }
}
