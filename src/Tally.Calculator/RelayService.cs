using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Tally.Contracts.V1;
using Tally.Outbox;

namespace Tally.Calculator;

/// <summary>
/// Tells how far the outbox is and what it holds, has it published again, and takes what consumers hold. From the database, so that every instance gives the
/// same answer.
/// </summary>
public sealed class RelayService(OutboxReader reader, IOutboxRelay relay, IOutboxConsumers consumers) : Relay.RelayBase
{
    private const int SystemBytes = 16;

    /// <inheritdoc/>
    public override Task<GetPositionsReply> GetPositions(GetPositionsRequest request, ServerCallContext context) => AnswerAsync(async () =>
    {
        var system = await reader.GetSystemAsync(context.CancellationToken);
        var positions = await reader.GetPositionsAsync(context.CancellationToken);
        var reply = new GetPositionsReply { System = ByteString.CopyFrom(system.ToByteArray(bigEndian: true)) };
        reply.Shards.AddRange(positions.Select(at => new ShardPosition
        {
            Committed = new Position { Shard = at.Shard, Epoch = at.Epoch, Sequence = at.Sequence },
            Relayed = at.Relayed,
            Owner = at.Owner,
            RewindingFrom = at.RewindingFrom,
            Trimmed = at.TrimmedTo,
        }));
        return reply;
    });

    /// <inheritdoc/>
    public override Task<RewindReply> Rewind(Position request, ServerCallContext context) => AnswerAsync(async () =>
    {
        ArgumentNullException.ThrowIfNull(request);
        await relay.RewindAsync(request.Shard, request.Sequence, context.CancellationToken);
        return new RewindReply();
    });

    /// <inheritdoc/>
    public override Task<GetResultReply> GetResult(Position request, ServerCallContext context) => AnswerAsync(async () =>
    {
        await CheckShardAsync(request, context.CancellationToken);
        return await reader.FindAsync(request.Shard, request.Sequence, context.CancellationToken) is { } stored
            ? new GetResultReply
            {
                Position = new Position { Shard = request.Shard, Epoch = stored.Epoch, Sequence = stored.Sequence },
                Event = ByteString.CopyFrom(stored.Payload.Span),
            }
            : throw new RpcException(new Status(StatusCode.NotFound, await MissingAsync(request, context.CancellationToken)));
    });

    /// <inheritdoc/>
    public override Task<GetBranchReply> GetBranch(Position request, ServerCallContext context) => AnswerAsync(async () =>
    {
        await CheckShardAsync(request, context.CancellationToken);
        if (await reader.FindBranchAsync(request.Shard, request.Epoch, context.CancellationToken) is not { } branch)
        {
            var trimmed = await reader.GetTrimmedAsync(request.Shard, context.CancellationToken);
            throw new RpcException(new Status(
                StatusCode.FailedPrecondition,
                $"Where shard {request.Shard} left epoch {request.Epoch} was trimmed; the lowest result that is left is {trimmed.LastSequence + 1}."));
        }

        var total = branch.State is { } state ? new SumEncoder().Load(state.Span) : Amount.Zero;
        return new GetBranchReply
        {
            LastCommon = new Position { Shard = request.Shard, Epoch = branch.Epoch, Sequence = branch.Sequence },
            ShardTotal = total.ToString(),
        };
    });

    /// <inheritdoc/>
    public override Task<ConfirmReply> Confirm(ConfirmRequest request, ServerCallContext context) => AnswerAsync(async () =>
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.System.Length != SystemBytes)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"system has {request.System.Length} bytes; allowed: {SystemBytes}."));
        }

        try
        {
            await consumers.ConfirmAsync(
                request.Consumer,
                new Guid(request.System.Span, bigEndian: true),
                [.. request.Positions.Select(static at => new OutboxConfirmation(at.Shard, at.Epoch, at.Sequence))],
                context.CancellationToken);
        }
        catch (ArgumentException wrong)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, WordsOf(wrong)));
        }

        return new ConfirmReply();
    });

    private async Task<string> MissingAsync(Position position, CancellationToken cancellationToken)
    {
        var trimmed = await reader.GetTrimmedAsync(position.Shard, cancellationToken);
        return position.Sequence > 0 && position.Sequence <= trimmed.LastSequence
            ? $"Shard {position.Shard} holds no result {position.Sequence} any more, since it was trimmed; the lowest that is left is {trimmed.LastSequence + 1}."
            : $"Shard {position.Shard} holds no result {position.Sequence}.";
    }

    private async Task CheckShardAsync(Position position, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(position);
        var shards = (await reader.GetPositionsAsync(cancellationToken)).Count;
        if (position.Shard < 0 || position.Shard >= shards)
        {
            throw new ArgumentOutOfRangeException(
                nameof(position), position.Shard, string.Create(CultureInfo.InvariantCulture, $"There is no shard {position.Shard}; allowed: 0 to {shards - 1}."));
        }
    }

    private static async Task<T> AnswerAsync<T>(Func<Task<T>> answer)
    {
        try
        {
            return await answer();
        }
        catch (ArgumentOutOfRangeException wrong)
        {
            throw new RpcException(new Status(StatusCode.OutOfRange, WordsOf(wrong)));
        }
        catch (Exception away) when (DatabaseTrouble.Is(away))
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "The outbox's database can't be reached; try again later."));
        }
    }

    /// <summary>The words that are ours; what .NET adds to them is not for callers.</summary>
    private static string WordsOf(ArgumentException wrong) => wrong.Message.Split(" (Parameter", 2)[0];
}
