using Npgsql;
using NpgsqlTypes;
using Tally.Outbox.Schema;

namespace Tally.Outbox.Storage;

/// <summary>A writer's second statement: a batch with keys, as one call of a function, and so one implicit transaction and one round trip.</summary>
internal sealed class KeyedAppend : IAsyncDisposable
{
    private readonly NpgsqlCommand _command;
    private readonly NpgsqlParameter<long> _epochFirst = new() { NpgsqlDbType = NpgsqlDbType.Bigint };
    private readonly NpgsqlParameter<long> _first = new() { NpgsqlDbType = NpgsqlDbType.Bigint };
    private readonly NpgsqlParameter<long> _last = new() { NpgsqlDbType = NpgsqlDbType.Bigint };
    private readonly NpgsqlParameter<byte[]> _state = new() { NpgsqlDbType = NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<byte[][]> _payloads = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<string> _topic = new() { NpgsqlDbType = NpgsqlDbType.Text };
    private readonly NpgsqlParameter _headers = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
    private readonly NpgsqlParameter<byte[][]> _keys = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<byte[][]> _fingerprints = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<int[]> _places = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer };
    private readonly NpgsqlParameter<bool> _look = new() { NpgsqlDbType = NpgsqlDbType.Boolean };
    private readonly NpgsqlParameter _before = new() { NpgsqlDbType = NpgsqlDbType.Bigint };

    private KeyedAppend(NpgsqlConnection connection, SegmentStore segments, ShardClaim claim, TimeSpan commitTimeout, string limit, bool prepares)
    {
        NpgsqlParameter<int> shard = new() { NpgsqlDbType = NpgsqlDbType.Integer, TypedValue = claim.Shard };
        NpgsqlParameter<long> epoch = new() { NpgsqlDbType = NpgsqlDbType.Bigint, TypedValue = claim.Epoch };

        // As in an append without keys. No shard has the number -1, so that its fence stands.
        var fenced = prepares ? "$1" : $"CASE WHEN {WriterConnection.Follows(segments.BatchesOf(claim.Shard), "$4", "$14")} THEN $1 ELSE -1 END";
        var epochAsked = Sabotage.Is(Sabotage.NoFence) ? $"(SELECT epoch FROM {segments.Schema}.shards WHERE shard = $1 AND $2 > 0)" : "$2";
        _command = new NpgsqlCommand(
            $"""
            SELECT place, fingerprint, shard, epoch, epoch_first_sequence, sequence
            FROM {segments.Schema}.append_with_keys({fenced}, {epochAsked}, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13){limit}
            """,
            connection)
        {
            CommandTimeout = LeaseStore.Seconds(commitTimeout),
            Parameters = { shard, epoch, _epochFirst, _first, _last, _state, _payloads, _topic, _headers, _keys, _fingerprints, _places, _look },
        };
        if (!prepares)
        {
            _command.Parameters.Add(_before);
        }
    }

    /// <param name="connection">The writer's.</param>
    /// <param name="segments">Where things are.</param>
    /// <param name="claim">The shard.</param>
    /// <param name="commitTimeout">How long a commit may take.</param>
    /// <param name="limit">What the statement selects from beside, to limit its transaction; mostly nothing.</param>
    /// <param name="prepares">Whether it is prepared on the server.</param>
    /// <param name="cancellationToken">Stops preparing.</param>
    public static async Task<KeyedAppend> CreateAsync(
        NpgsqlConnection connection,
        SegmentStore segments,
        ShardClaim claim,
        TimeSpan commitTimeout,
        string limit,
        bool prepares,
        CancellationToken cancellationToken)
    {
        var append = new KeyedAppend(connection, segments, claim, commitTimeout, limit, prepares);
        try
        {
            if (prepares)
            {
                await append._command.PrepareAsync(cancellationToken);
            }

            return append;
        }
        catch
        {
            await append.DisposeAsync();
            throw;
        }
    }

    /// <summary>Commits a batch, or finds keys that are known. Every exception means unknown.</summary>
    /// <param name="batch">What to store.</param>
    /// <param name="first">The position of its first result.</param>
    /// <param name="state">The application's state behind it.</param>
    /// <param name="keys">Its keys.</param>
    /// <param name="known">Takes the keys that are known.</param>
    /// <param name="look">Whether known keys are looked for in all places; otherwise a recent one may give <see cref="KeyedOutcome.Overtaken"/>.</param>
    /// <param name="before">See <see cref="WriterConnection.Follows"/>.</param>
    public async ValueTask<KeyedOutcome> AppendAsync(
        CommittedBatch batch, OutboxPosition first, byte[] state, BatchKeys keys, List<KnownKey> known, bool look, object? before)
    {
        _before.Value = before;
        _epochFirst.TypedValue = first.EpochFirstSequence;
        _first.TypedValue = batch.FirstSequence;
        _last.TypedValue = batch.LastSequence;
        _state.TypedValue = state;
        _payloads.TypedValue = batch.Payloads;
        _topic.TypedValue = batch.Topic;
        _headers.Value = (object?)batch.Headers ?? DBNull.Value;
        _keys.TypedValue = keys.Keys;
        _fingerprints.TypedValue = keys.Fingerprints;
        _places.TypedValue = keys.Places;
        _look.TypedValue = look;

        try
        {
            // Rows come before the commit does; only when the reader has come to the end was it confirmed.
            var outcome = KeyedOutcome.Fenced;
            var answer = _command.ExecuteReaderAsync(CancellationToken.None);
            FaultPoint.Reach("append.after-send");
            await using var reader = await answer;
            while (await reader.ReadAsync(CancellationToken.None))
            {
                if (reader.GetInt32(0) < 0)
                {
                    outcome = KeyedOutcome.Stored;
                    continue;
                }

                outcome = KeyedOutcome.Known;
                known.Add(new KnownKey(reader.GetInt32(0), reader.GetFieldValue<byte[]>(1), first with
                {
                    Shard = reader.GetInt32(2),
                    Epoch = reader.GetInt64(3),
                    EpochFirstSequence = reader.GetInt64(4),
                    Sequence = reader.GetInt64(5),
                }));
            }

            await reader.CloseAsync();
            return outcome;
        }
        catch (PostgresException fault) when (
            fault is { SqlState: PostgresErrorCodes.UniqueViolation, TableName: "keys_0" or "keys_1" })
        {
            return KeyedOutcome.Overtaken;
        }
    }

    public ValueTask DisposeAsync() => _command.DisposeAsync();
}
