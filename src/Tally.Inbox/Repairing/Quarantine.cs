using Microsoft.Extensions.Options;
using Npgsql;
using Tally.Inbox.Chain;
using Tally.Inbox.Folding;
using Tally.Inbox.Storage;

namespace Tally.Inbox.Repairing;

/// <summary>What an operator does with messages that could not be folded. Works on the database alone, so on any instance.</summary>
internal sealed class Quarantine<TState, TEvent>(
    InboxDatabase database, PositionReader<TState> positions, InboxHandler<TState, TEvent> handler, IOptions<InboxOptions> options, TimeProvider time)
{
    private readonly RowJudge<TState, TEvent> _judge = new(handler);
    private readonly FoldStatements<TState, TEvent> _folds = new(options.Value.SchemaName, handler);
    private readonly QuarantineReader _reader = new(options.Value.SchemaName);
    private readonly string _note = $"INSERT INTO {options.Value.SchemaName}.quarantine_audit (id, action, why, ends) VALUES ($1, $2, $3, $4)";

    public Task<IReadOnlyList<QuarantinedMessage>> ListAsync(int limit, long afterId, CancellationToken cancellationToken) =>
        _reader.ListAsync(database.Source, limit, afterId, cancellationToken);

    public Task<QuarantinedMessage?> FindAsync(long id, CancellationToken cancellationToken) => _reader.FindAsync(database.Source, id, cancellationToken);

    public async Task<QuarantineReplay> ReplayAsync(long id, CancellationToken cancellationToken)
    {
        var message = await FindAsync(id, cancellationToken) ?? throw NotFound(id);
        if (message.Actions.Any(static action => action is { Action: "discard" } or { Why: "folded" or "replay" }))
        {
            throw Decided(id, null);
        }

        var stored = await positions.ReadAsync(database.Source, cancellationToken);
        var judged = _judge.Judge(stored, message.Key.Span, message.Value.Span);
        var replay = judged.Verdict switch
        {
            // If it's true after all, it has come again by a rewind, and is a replay by now.
            Verdict.Next when FindDoubt(stored, judged) is { } doubt => new QuarantineReplay(QuarantineOutcome.Poison, $"still poison: {doubt}"),
            Verdict.Next => new QuarantineReplay(QuarantineOutcome.Folded, "folded"),
            Verdict.Replay => new QuarantineReplay(QuarantineOutcome.Replay, "replay"),
            Verdict.TooEarly => new QuarantineReplay(QuarantineOutcome.TooEarly, "too early"),
            Verdict.Fork => new QuarantineReplay(QuarantineOutcome.Fork, "fork"),
            _ => new QuarantineReplay(QuarantineOutcome.Poison, $"still poison: {judged.Reason}"),
        };
        await CommitAsync(
            Note(id, "replay", replay.Text, ends: replay.Outcome is QuarantineOutcome.Folded or QuarantineOutcome.Replay),
            replay.Outcome == QuarantineOutcome.Folded ? FoldOf(stored, message, judged) : null,
            cancellationToken);
        return replay;
    }

    public Task DiscardAsync(long id, string why, CancellationToken cancellationToken) =>
        CommitAsync(Note(id, "discard", why, ends: true), null, cancellationToken);

    private string? FindDoubt(StoredPositions<TState> stored, Judgement<TState, TEvent> judged) =>
        EpochDoubt.Find(_judge.HeldOf(stored, judged.Position.Shard).Position.Epoch, judged.Position, handler.CommittedAtUnixMicros(judged.Event), time);

    /// <summary>One event as a fold of its own. It says nothing new about how far Kafka was read.</summary>
    private Fold<TState, TEvent> FoldOf(StoredPositions<TState> stored, QuarantinedMessage message, Judgement<TState, TEvent> judged)
    {
        var (held, known) = _judge.HeldOf(stored, judged.Position.Shard);
        var place = known ?? new StoredPlace(message.Topic, message.Partition, NextOffset: 0, message.TopicId);
        var companion = handler.BeginFold();
        companion?.Add(judged.Position, judged.Event);
        var fold = new Fold<TState, TEvent>
        {
            NewSource = stored.Source is null ? judged.Position.System : null,
            Companion = companion,
            Events = 1,
        };
        var after = held with { Epoch = judged.Position.Epoch, Sequence = judged.Position.Sequence, Count = held.Count + 1, State = judged.After };
        fold.Rows.Add(new FoldRow<TState>(after, judged.Position.Sequence, place.Topic, place.Partition, place.NextOffset, place.TopicId));
        return fold;
    }

    private NpgsqlBatchCommand Note(long id, string action, string why, bool ends) => new(_note)
    {
        Parameters =
        {
            new NpgsqlParameter<long> { TypedValue = id },
            new NpgsqlParameter<string> { TypedValue = action },
            new NpgsqlParameter<string> { TypedValue = why },
            new NpgsqlParameter<bool> { TypedValue = ends },
        },
    };

    /// <summary>One implicit transaction: both are durable when it returns, or neither is.</summary>
    private async Task CommitAsync(NpgsqlBatchCommand note, Fold<TState, TEvent>? fold, CancellationToken cancellationToken)
    {
        var id = (long)note.Parameters[0].Value!;
        await using var connection = await database.OpenForFoldsAsync();
        await using var batch = new NpgsqlBatch(connection);
        database.AddLimitTo(batch);
        if (fold is not null)
        {
            _folds.AddTo(batch, fold);
        }

        batch.BatchCommands.Add(note);
        try
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            throw NotFound(id);
        }
        catch (PostgresException decided) when (decided is { SqlState: PostgresErrorCodes.UniqueViolation, TableName: "quarantine_audit" })
        {
            throw Decided(id, decided);
        }
        catch (PostgresException collision) when (_folds.IsCollision(collision))
        {
            throw new InboxRepairException(InboxRepairRefusal.Moved, $"The shard of message {id} moved at the same instant; try again.", collision);
        }

        fold?.Companion?.OnCommitted();
    }

    private static InboxRepairException Decided(long id, Exception? inner) =>
        new(InboxRepairRefusal.NotNeeded, $"Message {id} was decided on before.", inner);

    private static InboxRepairException NotFound(long id) => new(InboxRepairRefusal.NotFound, $"There is no message {id} in the quarantine.");
}
