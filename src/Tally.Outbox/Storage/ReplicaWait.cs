using Npgsql;

namespace Tally.Outbox.Storage;

/// <summary>
/// Notices commits that did not reach a synchronous replica. A commit that waits for one can't be taken back any more: when the wait is cancelled (by a
/// timeout, here or on the server, or by an operator) PostgreSQL says that it succeeded, and adds a warning that it is durable on this server only. A
/// fail-over would lose it, so it counts as unknown.
/// </summary>
internal sealed class ReplicaWait
{
    // Where the warning comes from; its text is in the server's language.
    private const string Routine = "SyncRepWaitForLSN";

    private bool _wasGivenUp;

    /// <param name="connection">Whose commits are watched, for as long as it is open.</param>
    public ReplicaWait(NpgsqlConnection connection) => connection.Notice += (_, warning) => _wasGivenUp |= warning.Notice.Routine == Routine;

    /// <summary>Comes behind every commit that something is concluded from.</summary>
    /// <exception cref="TimeoutException">A replica may lack it.</exception>
    public void ThrowIfGivenUp()
    {
        if (_wasGivenUp)
        {
            throw new TimeoutException("The synchronous replica of PostgreSQL did not confirm a commit in time.");
        }
    }

    /// <summary>
    /// Returns once all that was seen on this server until now has reached the synchronous replica, if there is one: a commit behind it does, and replicas
    /// follow in order. What was read need not have: a commit whose wait was given up, or whose session was ended, can be seen by everyone.
    /// </summary>
    public static async Task PassAsync(NpgsqlConnection connection, TimeSpan atMost, CancellationToken cancellationToken)
    {
        var wait = new ReplicaWait(connection);
        await using var commit = new NpgsqlCommand("SET client_min_messages = warning; SELECT pg_logical_emit_message(true, 'tally', '')", connection)
        {
            CommandTimeout = LeaseStore.Seconds(atMost),
        };
        await commit.ExecuteNonQueryAsync(cancellationToken);
        wait.ThrowIfGivenUp();
    }
}
