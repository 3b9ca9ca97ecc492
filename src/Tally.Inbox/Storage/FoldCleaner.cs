using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Tally.Inbox.Diagnostics;

namespace Tally.Inbox.Storage;

/// <summary>Removes old folds in bulk: a chore of its own, with its own connection, that never stands in the way of a fold.</summary>
internal sealed class FoldCleaner(InboxDatabase database, IOptions<InboxOptions> options, TimeProvider time, ILogger<FoldCleaner> logger)
    : BackgroundService
{
    private readonly string _sql = $"""
        DELETE FROM {options.Value.SchemaName}.folds f USING (
          SELECT p.shard, k.generation, k.from_sequence FROM {options.Value.SchemaName}.positions p CROSS JOIN LATERAL (
            SELECT o.generation, o.from_sequence FROM {options.Value.SchemaName}.folds o
            WHERE o.shard = p.shard ORDER BY o.generation DESC, o.from_sequence DESC OFFSET {options.Value.KeepFolds - 1} LIMIT 1) k) keep
        WHERE f.shard = keep.shard AND (f.generation, f.from_sequence) < (keep.generation, keep.from_sequence)
        """;

    /// <summary>Removes all but the last folds of each shard, unless another instance is at it.</summary>
    /// <returns>How many were removed.</returns>
    public async Task<int> CleanAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var guard = new NpgsqlCommand(
            "SELECT set_config('lock_timeout', '1s', true), pg_try_advisory_xact_lock(hashtextextended('tally.inbox.clean:' || $1, 0))", connection, transaction)
        {
            Parameters = { new() { Value = options.Value.Schema } },
        };
        await using (var reader = await guard.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            if (!reader.GetBoolean(1))
            {
                return 0;
            }
        }

        await using var clean = new NpgsqlCommand(_sql, connection, transaction);
        var removed = await clean.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return removed;
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.CleanupInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var removed = await CleanAsync(CancellationToken.None).WaitAsync(stoppingToken);
                Log.FoldsRemoved(logger, removed);
            }
            catch (Exception failure) when (DatabaseTrouble.Is(failure))
            {
                // The next round does what this one couldn't.
                Log.CleaningFailed(logger, failure);
            }
        }
    }
}
