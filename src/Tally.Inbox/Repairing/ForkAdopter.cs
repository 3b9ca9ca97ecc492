using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Tally.Inbox.Auditing;
using Tally.Inbox.Chain;
using Tally.Inbox.Diagnostics;
using Tally.Inbox.Storage;

namespace Tally.Inbox.Repairing;

/// <summary>Adopts forks. Works on the database alone: the instance that holds the shard notices the new generation within seconds.</summary>
internal sealed class ForkAdopter<TState, TEvent>(
    InboxDatabase database,
    PositionReader<TState> positions,
    InboxHandler<TState, TEvent> handler,
    IOptions<InboxOptions> options,
    ILoggerFactory loggers,
    IInboxSource<TState>? outbox = null)
{
    private readonly ILogger _logger = loggers.CreateLogger("Tally.Inbox.Repair");
    private readonly RowJudge<TState, TEvent> _judge = new(handler);
    private readonly FoldStatements<TState, TEvent> _folds = new(options.Value.SchemaName, handler);
    private readonly AdoptStatement<TState, TEvent> _adopt = new(options.Value.SchemaName, handler);

    public async Task<ForkAdoption<TState>> AdoptAsync(int shard, CancellationToken cancellationToken)
    {
        if (outbox is null)
        {
            throw new InboxSourceException("No outbox is configured to compare with.");
        }

        // Own position first: what is held was committed at the outbox before it's asked.
        var stored = await positions.ReadAsync(database.Source, cancellationToken);
        var source = await outbox.ReadPositionsAsync(cancellationToken);
        if (stored.Source is { } system && system != source.System)
        {
            throw new InboxRepairException(InboxRepairRefusal.NotPossible, $"The outbox is system {source.System}, but what is folded is of system {system}.");
        }

        var theirs = source.Shards.FirstOrDefault(at => at.Shard == shard)
            ?? throw new InboxRepairException(InboxRepairRefusal.NotFound, $"The outbox has no shard {shard}.");
        var (held, place) = _judge.HeldOf(stored, shard);
        var fork = await HistoryCheck.FindForkAsync(outbox, new(shard, held.Epoch, held.Sequence, place?.CommonEpoch), theirs, cancellationToken);
        if (fork is null)
        {
            throw new InboxRepairException(InboxRepairRefusal.NotNeeded, $"Shard {shard} has no fork: what is folded is what the outbox holds.");
        }

        var common = await outbox.ReadBranchAsync(shard, held.Epoch, cancellationToken)
            ?? throw new InboxRepairException(
                InboxRepairRefusal.NotPossible, $"Shard {shard} can't be mended by adopting: {fork}, and the outbox dropped the place where the histories parted.");
        if (common.Sequence >= held.Sequence)
        {
            // The outbox goes on in a history that was given up before: taking it would count what was adopted then a second time.
            throw new InboxRepairException(
                InboxRepairRefusal.NotPossible, $"Shard {shard} can't be mended by adopting: {fork}, though no newer epoch begins there. Was an even older copy restored over a newer one?");
        }

        var newEpoch = await ReadNewEpochAsync(outbox, held, common, theirs, cancellationToken);
        await CommitAsync(held, common, newEpoch, cancellationToken);

        // Durable from here on. What follows is done by the audit, too.
        var branch = new AdoptedBranch<TState>(
            held.Generation + 1, held.Epoch, common.Sequence + 1, held.Sequence, held.Sequence - common.Sequence, handler.Subtract(held.State, common.State));
        Log.ForkAdopted(_logger, shard, branch.Count, held.Sequence, held.Epoch, common.Sequence);
        var lastCommon = new ShardPosition<TState>(shard, branch.Generation, newEpoch, common.Sequence, held.Count - branch.Count, common.State)
        {
            Adopted = [.. held.Adopted, branch],
        };
        return new ForkAdoption<TState>(branch, lastCommon, await TryRewindAsync(outbox, theirs, common.Sequence + 1, cancellationToken));
    }

    /// <summary>
    /// The epoch that begins behind the common history. It's taken over with it, so that what is left of the old history in Kafka counts as passed. When
    /// nothing was committed in it yet: the lowest one that is above all that was folded, since whatever comes will be above that.
    /// </summary>
    private static async Task<long> ReadNewEpochAsync(
        IInboxSource<TState> outbox, ShardPosition<TState> held, SourceBranch<TState> common, SourceShard theirs, CancellationToken cancellationToken)
    {
        var first = theirs.Sequence > common.Sequence ? await outbox.ReadEventAsync(held.Shard, common.Sequence + 1, cancellationToken) : null;
        return Math.Max(first?.Epoch ?? 0, held.Epoch + 1);
    }

    private async Task CommitAsync(ShardPosition<TState> held, SourceBranch<TState> common, long newEpoch, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenForFoldsAsync();
        try
        {
            if (await _adopt.RunAsync(connection, held, common, newEpoch, cancellationToken))
            {
                return;
            }
        }
        catch (PostgresException collision) when (_folds.IsCollision(collision))
        {
            throw Moved(held.Shard, collision);
        }

        throw Moved(held.Shard, null);
    }

    private async Task<bool> TryRewindAsync(IInboxSource<TState> source, SourceShard theirs, long from, CancellationToken cancellationToken)
    {
        if (theirs.Sequence < from)
        {
            // Nothing is there that could be sent.
            return true;
        }

        try
        {
            await source.RewindAsync(theirs.Shard, from, cancellationToken);
            return true;
        }
        catch (InboxSourceException away)
        {
            Log.AuditFailed(_logger, away);
            return false;
        }
    }

    private static InboxRepairException Moved(int shard, Exception? collision) =>
        new(InboxRepairRefusal.Moved, $"Shard {shard} moved at the same instant; try again.", collision);
}
