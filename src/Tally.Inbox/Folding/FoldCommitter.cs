using System.Data;
using Npgsql;
using Tally.Inbox.Diagnostics;
using Tally.Inbox.Storage;

namespace Tally.Inbox.Folding;

/// <summary>
/// Commits one fold at a time, beside the loop that collects the next one. The loop owns it: it starts a commit, looks whether it ended, and takes its
/// outcome. After a failure nothing is assumed about what the database holds.
/// </summary>
internal sealed class FoldCommitter<TState, TEvent>(
    InboxDatabase database,
    FoldStatements<TState, TEvent> statements,
    InboxHandler<TState, TEvent> handler,
    InboxMetrics metrics,
    TimeProvider time) : IDisposable
{
    // Set while no commit is under way; what the commit's task wrote before is visible to whoever saw it set.
    private readonly ManualResetEventSlim _idle = new(initialState: true);
    private NpgsqlConnection? _connection;
    private Exception? _failure;
    private Dictionary<int, long>? _committedOffsets;
    private Task _running = Task.CompletedTask;

    public bool IsIdle => _idle.IsSet;

    /// <summary>Begins to commit. Only while idle and after the outcome before was taken.</summary>
    public void Start(Fold<TState, TEvent> fold)
    {
        _idle.Reset();
        _running = CommitAsync(fold);
    }

    /// <summary>Waits for the commit that is under way.</summary>
    /// <returns>False when it took longer.</returns>
    public bool WaitIdle(TimeSpan atMost) => _idle.Wait(atMost);

    /// <summary>The same, however long: a statement is bounded by its timeout.</summary>
    public void WaitIdle() => _idle.Wait();

    /// <summary>What became of the last commit: neither is set when it was taken before.</summary>
    public (Exception? Failure, Dictionary<int, long>? CommittedOffsets) TakeOutcome()
    {
        var outcome = (_failure, _committedOffsets);
        (_failure, _committedOffsets) = (null, null);
        return outcome;
    }

    /// <summary>Only while idle, or when the process ends: a commit that is under way then is left to the server.</summary>
    public void Dispose()
    {
        if (_idle.IsSet)
        {
            _connection?.Dispose();
            _idle.Dispose();
        }
    }

    private async Task CommitAsync(Fold<TState, TEvent> fold)
    {
        try
        {
            using var span = InboxTracing.StartFold(fold.Traced, fold.Events);
            var started = time.GetTimestamp();
            if (_connection is { State: not ConnectionState.Open })
            {
                await _connection.DisposeAsync();
                _connection = null;
            }

            _connection ??= await database.OpenForFoldsAsync();
            await using (var batch = new NpgsqlBatch(_connection))
            {
                database.AddLimitTo(batch);
                statements.AddTo(batch, fold);
                FaultPoint.Reach("fold.before-commit");
                await batch.ExecuteNonQueryAsync();
            }

            // Durable from here on.
            FaultPoint.Reach("fold.after-commit");
            metrics.Committed(fold.Events, time.GetElapsedTime(started), fold.CommitTimes.UnixMicros);
            InboxTracing.Folded(fold.Traced, span);
            fold.Companion?.OnCommitted();
            handler.OnCommitted(fold.Rows.ConvertAll(static row => row.After));
            _committedOffsets = fold.NextOffsets;
        }
        catch (Exception failure)
        {
            // All of them: the loop decides which ones it can go on after.
            _failure = failure;
            _connection?.Dispose();
            _connection = null;
        }
        finally
        {
            _idle.Set();
        }
    }
}
