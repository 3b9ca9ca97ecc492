using Npgsql;

namespace Tally.Inbox;

/// <summary>
/// Collects what the user of an inbox wants to store in the same commit as a fold, for example the events themselves. One companion serves one
/// fold; when the fold isn't committed it's thrown away, and the same events come again with a new one.
/// </summary>
/// <typeparam name="TEvent">What the inbox's handler makes of a message.</typeparam>
public abstract class FoldCompanion<TEvent>
{
    /// <summary>Called for each event of the fold, right after it was folded in memory; in order within a shard.</summary>
    /// <param name="position">The event's position.</param>
    /// <param name="folded">The event.</param>
    public abstract void Add(in EventPosition position, in TEvent folded);

    /// <summary>Called once, when the fold is about to be committed: adds statements to the batch that carries it.</summary>
    /// <remarks>The batch is one implicit transaction; a statement that fails undoes the whole fold, and it is tried again.</remarks>
    /// <param name="batch">The batch; the fold's own statements are in it already.</param>
    public abstract void AddTo(NpgsqlBatch batch);

    /// <summary>Called after the fold was committed. Must be quick and must not throw. Default: nothing.</summary>
    public virtual void OnCommitted()
    {
    }
}
