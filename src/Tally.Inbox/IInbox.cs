using Npgsql;

namespace Tally.Inbox;

/// <summary>A running inbox: how it is, and what it has folded.</summary>
/// <typeparam name="TState">What is kept of a shard.</typeparam>
public interface IInbox<TState>
{
    /// <summary>How this instance is. A snapshot, renewed several times a second.</summary>
    InboxStatus Status { get; }

    /// <summary>What the last comparison of this instance's shards with the outbox said; null while nothing could be compared.</summary>
    InboxAudit? Audit { get; }

    /// <summary>The inbox's database, for reading what was stored beside the folds. Belongs to the inbox.</summary>
    NpgsqlDataSource Database { get; }

    /// <summary>
    /// Reads the positions of all shards from the database, so those folded by other instances too. Concurrent calls share one query when it
    /// starts after they asked.
    /// </summary>
    /// <param name="cancellationToken">Stops waiting; a query that others wait for goes on.</param>
    /// <returns>One entry a shard that has a fold, in ascending order.</returns>
    /// <exception cref="NpgsqlException">The database can't be read now.</exception>
    Task<IReadOnlyList<ShardPosition<TState>>> ReadPositionsAsync(CancellationToken cancellationToken);

    /// <summary>Reads the positions of all shards within a transaction, to compare them with what else it sees.</summary>
    /// <param name="snapshot">The transaction, of a connection to the inbox's database.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>One entry a shard that has a fold, in ascending order.</returns>
    /// <exception cref="NpgsqlException">The database can't be read now.</exception>
    Task<IReadOnlyList<ShardPosition<TState>>> ReadPositionsAsync(NpgsqlTransaction snapshot, CancellationToken cancellationToken);

    /// <summary>Counts what lies in the quarantine and nobody has decided on.</summary>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The number of messages.</returns>
    /// <exception cref="NpgsqlException">The database can't be read now.</exception>
    Task<long> CountQuarantinedAsync(CancellationToken cancellationToken);

    /// <summary>Reads which outbox the events are of that were folded; those of another one are refused.</summary>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The identity of the outbox, the same as in its events; null before the first event.</returns>
    /// <exception cref="NpgsqlException">The database can't be read now.</exception>
    Task<Guid?> ReadSystemAsync(CancellationToken cancellationToken);
}
