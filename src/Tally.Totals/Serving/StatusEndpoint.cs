using System.Data;
using Tally.Inbox;
using Tally.Totals.Sums;

namespace Tally.Totals.Serving;

/// <summary><c>GET /api/status</c>: totals and positions as the database holds them, so those of all instances, and how this instance is.</summary>
internal sealed class StatusEndpoint(IInbox<Amount> inbox, History history)
{
    public async Task AnswerAsync(HttpContext context)
    {
        StatusReply reply;
        try
        {
            reply = await ReadAsync(context.RequestAborted);
        }
        catch (Exception away) when (DatabaseTrouble.Is(away))
        {
            await TypedResults.Problem("the database can't be read now", statusCode: StatusCodes.Status503ServiceUnavailable).ExecuteAsync(context);
            return;
        }

        await context.Response.WriteAsJsonAsync(reply, StatusJson.Default.StatusReply, cancellationToken: context.RequestAborted);
    }

    private async Task<StatusReply> ReadAsync(CancellationToken cancellationToken)
    {
        var status = inbox.Status;
        var quarantined = await inbox.CountQuarantinedAsync(cancellationToken);
        var (positions, results, before) = history.HasTable
            ? await ReadWithHistoryAsync(cancellationToken)
            : (await inbox.ReadPositionsAsync(cancellationToken), null, null);
        var total = new TotalSnapshot(positions);
        var troubles = StillOf(positions, status.Troubles);
        return new StatusReply(
            total.Total.ToString(),
            total.Count,
            status.DuplicatesSuppressed,
            troubles.Count(static trouble => trouble.Kind == ShardTroubleKind.Gap),
            quarantined,
            new AdoptedReply(total.AdoptedCount, total.AdoptedSum.ToString()),
            results,
            before,
            [.. Shards(positions, troubles)]);
    }

    /// <summary>Without those that are over: whoever adopts a fork works on the database, and this instance learns of it a little later.</summary>
    internal static List<ShardTrouble> StillOf(IReadOnlyList<ShardPosition<Amount>> positions, IReadOnlyList<ShardTrouble> troubles)
    {
        var generations = positions.ToDictionary(static position => position.Shard, static position => position.Generation);
        return [.. troubles.Where(trouble => trouble.Generation >= generations.GetValueOrDefault(trouble.Shard))];
    }

    /// <summary>How a shard is, in a word.</summary>
    internal static string NameOf(ShardTroubleKind? trouble) => trouble switch
    {
        ShardTroubleKind.Gap => "gap",
        ShardTroubleKind.Fork => "fork",
        ShardTroubleKind.Damaged => "damaged",
        _ => "ok",
    };

    /// <summary>A shard that stopped before its first fold has no position, but must be seen.</summary>
    private static IEnumerable<ShardReply> Shards(IReadOnlyList<ShardPosition<Amount>> positions, IReadOnlyList<ShardTrouble> troubles)
    {
        var held = positions.ToDictionary(static position => position.Shard);
        var stuck = troubles.ToDictionary(static trouble => trouble.Shard);
        foreach (var shard in held.Keys.Union(stuck.Keys).Order())
        {
            var position = held.GetValueOrDefault(shard) ?? new ShardPosition<Amount>(shard, 0, 0, 0, 0, Amount.Zero);
            var trouble = stuck.GetValueOrDefault(shard);
            yield return new ShardReply(
                shard, position.Epoch, position.Sequence, position.State.ToString(), position.Count, NameOf(trouble?.Kind), trouble?.Reason);
        }
    }

    /// <summary>Both of the same moment, so that they can be compared while results come in.</summary>
    private async Task<(IReadOnlyList<ShardPosition<Amount>> Positions, HistoryReply Results, HistoryReply Before)> ReadWithHistoryAsync(
        CancellationToken cancellationToken)
    {
        await using var connection = await inbox.Database.OpenConnectionAsync(cancellationToken);
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var (results, before) = await History.CountAsync(snapshot, cancellationToken);
        return (await inbox.ReadPositionsAsync(snapshot, cancellationToken), Reply(results), Reply(before));

        static HistoryReply Reply((long Count, Amount Sum) part) => new(part.Count, part.Sum.ToString());
    }
}
