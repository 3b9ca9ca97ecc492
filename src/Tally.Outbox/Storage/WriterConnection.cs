using Npgsql;
using NpgsqlTypes;
using Tally.Outbox.Schema;

namespace Tally.Outbox.Storage;

/// <summary>A writer's own connection with its prepared statements. Used by one loop at a time.</summary>
internal sealed class WriterConnection : IAsyncDisposable
{
    private const int TransactionTimeoutVersion = 17;

    private readonly NpgsqlConnection _connection;
    private readonly SegmentStore _segments;
    private readonly ShardClaim _claim;
    private readonly TimeSpan _commitTimeout;
    private readonly bool _prepares;
    private readonly ReplicaWait _replica;
    private readonly NpgsqlCommand _append;
    private readonly NpgsqlParameter<int> _shard;
    private readonly NpgsqlParameter<long> _epoch;
    private readonly NpgsqlParameter<long> _first = new() { NpgsqlDbType = NpgsqlDbType.Bigint };
    private readonly NpgsqlParameter<long> _last = new() { NpgsqlDbType = NpgsqlDbType.Bigint };
    private readonly NpgsqlParameter<byte[]> _state = new() { NpgsqlDbType = NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<byte[][]> _payloads = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<string> _topic = new() { NpgsqlDbType = NpgsqlDbType.Text };
    private readonly NpgsqlParameter _headers = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
    private readonly NpgsqlParameter _before = new() { NpgsqlDbType = NpgsqlDbType.Bigint, Value = DBNull.Value };

    private KeyedAppend? _keyed;

    private WriterConnection(NpgsqlConnection connection, SegmentStore segments, ShardClaim claim, TimeSpan commitTimeout, bool prepares)
    {
        _prepares = prepares;
        _connection = connection;
        _segments = segments;
        _claim = claim;
        _commitTimeout = commitTimeout;
        _replica = new ReplicaWait(connection);
        _shard = new() { NpgsqlDbType = NpgsqlDbType.Integer, TypedValue = claim.Shard };
        _epoch = new() { NpgsqlDbType = NpgsqlDbType.Bigint, TypedValue = claim.Epoch };

        // Lock, fence and insert are one statement, and so one implicit transaction and one round trip. FOR SHARE makes a claim wait for
        // this commit; a claim that came first leaves no row to insert from. The primary key is the second lock.
        var follows = prepares ? "" : $" AND {Follows(segments.BatchesOf(claim.Shard), "$3", "$9")}";
        var fence = Sabotage.Is(Sabotage.NoFence) ? "SELECT 1" : $"SELECT 1 FROM {segments.Schema}.shards WHERE shard = $1 AND epoch = $2{follows} FOR SHARE";
        _append = new NpgsqlCommand(
            $"""
            INSERT INTO {segments.BatchesOf(claim.Shard)} (shard, first_sequence, last_sequence, epoch, state, payloads, topic, headers)
            SELECT $1, $3, $4, $2, $5, $6, $7, $8
            FROM ({fence}) held{LimitIn(connection, commitTimeout, prepares)}
            """,
            connection)
        {
            CommandTimeout = LeaseStore.Seconds(commitTimeout),
            Parameters = { _shard, _epoch, _first, _last, _state, _payloads, _topic, _headers },
        };
        if (!prepares)
        {
            _append.Parameters.Add(_before);
        }
    }

    /// <summary>
    /// Whether the batch that this one follows is there. A database that is put back to a copy ends every connection, and with a new one begins a new claim;
    /// but a pooler connects anew without a word, and the copy may be of this very epoch.
    /// </summary>
    /// <param name="batches">The shard's table.</param>
    /// <param name="first">The batch's first sequence.</param>
    /// <param name="before">The first sequence of the batch before it; null when that is of an earlier claim, whose end was read under this epoch.</param>
    internal static string Follows(string batches, string first, string before) =>
        $"({before}::bigint IS NULL OR EXISTS (SELECT 1 FROM {batches} WHERE first_sequence = {before} AND last_sequence = {first} - 1))";

    public static async Task<WriterConnection> OpenAsync(
        NpgsqlDataSource dataSource, SegmentStore segments, ShardClaim claim, TimeSpan commitTimeout, bool prepares, CancellationToken cancellationToken)
    {
        var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        try
        {
            // Behind a pooler the next transaction has another session: see LimitIn.
            if (prepares)
            {
                await SetLimitsAsync(connection, commitTimeout, cancellationToken);
            }

            var writer = new WriterConnection(connection, segments, claim, commitTimeout, prepares);
            if (prepares)
            {
                await writer._append.PrepareAsync(cancellationToken);
            }

            return writer;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Commits a batch. Once this is sent, only an answer tells whether it was stored: every exception means unknown.</summary>
    /// <returns>False when the shard was claimed by somebody else, so that nothing was stored.</returns>
    public async ValueTask<bool> AppendAsync(CommittedBatch batch, byte[] state)
    {
        _first.TypedValue = batch.FirstSequence;
        _last.TypedValue = batch.LastSequence;
        _state.TypedValue = state;
        _payloads.TypedValue = batch.Payloads;
        _topic.TypedValue = batch.Topic;
        _headers.Value = (object?)batch.Headers ?? DBNull.Value;

        // Not cancelled by a stop: what was begun is waited for, at most the commit timeout.
        var answer = _append.ExecuteNonQueryAsync(CancellationToken.None);
        FaultPoint.Reach("append.after-send");
        var rows = await answer;
        _replica.ThrowIfGivenUp();
        NoteStored(batch);
        return rows == 1;
    }

    /// <summary>Commits a batch with keys, or finds keys that are known. Every exception means unknown.</summary>
    /// <param name="batch">What to store.</param>
    /// <param name="first">The position of its first result.</param>
    /// <param name="state">The application's state behind it.</param>
    /// <param name="keys">Its keys.</param>
    /// <param name="known">Takes the keys that are known.</param>
    /// <param name="look">Whether known keys are looked for in all places; otherwise a recent one may give <see cref="KeyedOutcome.Overtaken"/>.</param>
    public async ValueTask<KeyedOutcome> AppendAsync(
        CommittedBatch batch, OutboxPosition first, byte[] state, BatchKeys keys, List<KnownKey> known, bool look)
    {
        // Prepared when the first one comes: who uses no keys pays nothing for them.
        _keyed ??= await KeyedAppend.CreateAsync(
            _connection, _segments, _claim, _commitTimeout, LimitIn(_connection, _commitTimeout, _prepares), _prepares, CancellationToken.None);
        var outcome = await _keyed.AppendAsync(batch, first, state, keys, known, look, _before.Value);
        _replica.ThrowIfGivenUp();
        if (outcome == KeyedOutcome.Stored)
        {
            NoteStored(batch);
        }

        return outcome;
    }

    private void NoteStored(CommittedBatch batch)
    {
        if (!_prepares)
        {
            _before.Value = batch.FirstSequence;
        }
    }

    // ReplicaWait lives on a warning. A process that stalls half-way through sending holds the shard's lock until Sync arrives, and no statement timeout ends that.
    private static async Task SetLimitsAsync(NpgsqlConnection connection, TimeSpan commitTimeout, CancellationToken cancellationToken)
    {
        await using var set = new NpgsqlCommand("SET client_min_messages = warning", connection);
        if (connection.PostgreSqlVersion.Major >= TransactionTimeoutVersion)
        {
            set.CommandText += $"; SET transaction_timeout = {(long)commitTimeout.TotalMilliseconds}";
        }

        await set.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Behind a pooler each transaction may run on another connection of the server, so nothing can be set for the connection: it travels in the statement, as
    /// a further thing to select from, and ends with the transaction.
    /// </summary>
    private static string LimitIn(NpgsqlConnection connection, TimeSpan commitTimeout, bool prepares) =>
        prepares ? ""
        : ", set_config('client_min_messages', 'warning', true) AS warns" + (connection.PostgreSqlVersion.Major < TransactionTimeoutVersion
            ? ""
            : $", set_config('transaction_timeout', '{(long)commitTimeout.TotalMilliseconds}', true) AS limited");

    public async ValueTask DisposeAsync()
    {
        if (_keyed is not null)
        {
            await _keyed.DisposeAsync();
        }

        await _append.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
