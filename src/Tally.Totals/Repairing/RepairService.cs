using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Grpc.Core;
using Tally.Contracts.V1;
using Tally.Inbox;

namespace Tally.Totals.Repairing;

/// <summary>What operators can do, over gRPC.</summary>
internal sealed class RepairService(IInboxRepair<Amount> repair) : Repair.RepairBase
{
    private const int MaxListed = 1000;
    private const int ListedByDefault = 100;
    private const int MaxWhy = 1000;

    public override Task<ListQuarantineReply> ListQuarantine(ListQuarantineRequest request, ServerCallContext context)
    {
        if (request.Limit is < 0 or > MaxListed)
        {
            Throw(StatusCode.InvalidArgument, $"limit is {request.Limit}; allowed: 1 to {MaxListed}, or 0 for {ListedByDefault}.");
        }

        return RunAsync(async () =>
        {
            var messages = await repair.ListQuarantineAsync(request.Limit == 0 ? ListedByDefault : request.Limit, request.AfterId, context.CancellationToken);
            return new ListQuarantineReply { Messages = { messages.Select(ToMessage) } };
        });
    }

    public override Task<Contracts.V1.QuarantinedMessage> ShowQuarantined(ShowQuarantinedRequest request, ServerCallContext context) => RunAsync(async () =>
        await repair.ShowQuarantinedAsync(request.Id, context.CancellationToken) is { } message
            ? ToMessage(message)
            : throw new RpcException(new Status(StatusCode.NotFound, $"There is no message {request.Id} in the quarantine.")));

    public override Task<ReplayQuarantinedReply> ReplayQuarantined(ReplayQuarantinedRequest request, ServerCallContext context) => RunAsync(async () =>
        new ReplayQuarantinedReply { Outcome = (await repair.ReplayQuarantinedAsync(request.Id, context.CancellationToken)).Text });

    public override Task<DiscardQuarantinedReply> DiscardQuarantined(DiscardQuarantinedRequest request, ServerCallContext context)
    {
        if (string.IsNullOrWhiteSpace(request.Why) || request.Why.Length > MaxWhy)
        {
            Throw(StatusCode.InvalidArgument, $"why has {request.Why.Length} characters; allowed: 1 to {MaxWhy}, not only blanks.");
        }

        return RunAsync(async () =>
        {
            await repair.DiscardQuarantinedAsync(request.Id, request.Why, context.CancellationToken);
            return new DiscardQuarantinedReply();
        });
    }

    public override Task<AdoptForkReply> AdoptFork(AdoptForkRequest request, ServerCallContext context)
    {
        if (request.Shard is < 0 or > EventPosition.MaxShard)
        {
            Throw(StatusCode.OutOfRange, $"shard is {request.Shard}; allowed: 0 to {EventPosition.MaxShard}.");
        }

        return RunAsync(
            async () =>
            {
                var adoption = await repair.AdoptForkAsync(request.Shard, context.CancellationToken);
                return new AdoptForkReply
                {
                    AdoptedCount = adoption.Branch.Count,
                    AdoptedSum = adoption.Branch.State.ToString(),
                    LastCommon = new Position { Shard = request.Shard, Epoch = adoption.LastCommon.Epoch, Sequence = adoption.LastCommon.Sequence },
                    RewindRequested = adoption.RewindRequested,
                };
            },
            notFound: StatusCode.OutOfRange);
    }

    /// <summary>Turns what is in the way of a repair into a status.</summary>
    private static async Task<TReply> RunAsync<TReply>(Func<Task<TReply>> run, StatusCode notFound = StatusCode.NotFound)
    {
        try
        {
            return await run();
        }
        catch (InboxRepairException refused)
        {
            throw new RpcException(new Status(Code(refused.Refusal, notFound), refused.Message));
        }
        catch (InboxSourceException away)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, $"{away.Message} Nothing was changed. See the setting Totals:Calculators."));
        }
        catch (Exception away) when (DatabaseTrouble.Is(away))
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "The database can't be reached now; try again."));
        }
    }

    private static Contracts.V1.QuarantinedMessage ToMessage(Inbox.QuarantinedMessage message) => new()
    {
        Id = message.Id,
        Topic = message.Topic,
        Partition = message.Partition,
        Offset = message.Offset,
        Key = ByteString.CopyFrom(message.Key.Span),
        Value = ByteString.CopyFrom(message.Value.Span),
        Reason = message.Reason,
        TopicId = message.TopicId?.ToString() ?? "",
        QuarantinedAtUnixMicros = UnixMicros(message.QuarantinedAt),
        Actions =
        {
            message.Actions.Select(static action => new Contracts.V1.QuarantineAction { Action = action.Action, Why = action.Why, AtUnixMicros = UnixMicros(action.At) }),
        },
    };

    private static long UnixMicros(DateTimeOffset at) => (at - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static StatusCode Code(InboxRepairRefusal refusal, StatusCode notFound) => refusal switch
    {
        InboxRepairRefusal.NotFound => notFound,
        InboxRepairRefusal.Moved => StatusCode.Aborted,
        _ => StatusCode.FailedPrecondition,
    };

    [DoesNotReturn]
    private static void Throw(StatusCode code, string message) => throw new RpcException(new Status(code, message));
}
