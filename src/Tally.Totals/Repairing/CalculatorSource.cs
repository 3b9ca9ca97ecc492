using System.Globalization;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;
using Tally.Contracts.V1;
using Tally.Inbox;

namespace Tally.Totals.Repairing;

/// <summary>
/// The Calculators' outbox, asked through whichever Calculator answers: each gives the same answer, from the same database. Begins with the one that answered
/// last.
/// </summary>
internal sealed class CalculatorSource : IInboxSource<Amount>, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly List<(string Address, GrpcChannel Channel, Relay.RelayClient Client)> _calculators;
    private int _preferred;

    public CalculatorSource(IOptions<TotalsOptions> options, TimeProvider time)
    {
        _time = time;
        _calculators = options.Value.CalculatorAddresses().ToList().ConvertAll(static address =>
        {
            var channel = GrpcChannel.ForAddress(address);
            return (address, channel, new Relay.RelayClient(channel));
        });
    }

    public async Task<SourcePositions> ReadPositionsAsync(CancellationToken cancellationToken)
    {
        var reply = await AskAsync(static (client, options) => client.GetPositionsAsync(new GetPositionsRequest(), options), cancellationToken);
        if (reply.System.Length != 16)
        {
            throw new InboxSourceException("The Calculator's answer names no system.");
        }

        return new SourcePositions(
            new Guid(reply.System.Span, bigEndian: true),
            [.. reply.Shards.Select(static at => new SourceShard(
                at.Committed.Shard, at.Committed.Epoch, at.Committed.Sequence, at.Relayed, at.RewindingFrom, at.Trimmed, at.Owner)).OrderBy(static at => at.Shard)]);
    }

    public Task RewindAsync(int shard, long fromSequence, CancellationToken cancellationToken) =>
        AskAsync((client, options) => client.RewindAsync(new Position { Shard = shard, Sequence = fromSequence }, options), cancellationToken);

    public async Task<SourceEvent?> ReadEventAsync(int shard, long sequence, CancellationToken cancellationToken)
    {
        try
        {
            var reply = await AskAsync((client, options) => client.GetResultAsync(new Position { Shard = shard, Sequence = sequence }, options), cancellationToken);
            return new SourceEvent(reply.Position.Epoch, Encoding.UTF8.GetBytes(shard.ToString(CultureInfo.InvariantCulture)), reply.Event.Memory);
        }
        catch (InboxSourceException missing) when (missing.InnerException is RpcException { StatusCode: StatusCode.NotFound })
        {
            return null;
        }
    }

    public async Task<SourceBranch<Amount>?> ReadBranchAsync(int shard, long epoch, CancellationToken cancellationToken)
    {
        GetBranchReply reply;
        try
        {
            reply = await AskAsync((client, options) => client.GetBranchAsync(new Position { Shard = shard, Epoch = epoch }, options), cancellationToken);
        }
        catch (InboxSourceException trimmed) when (trimmed.InnerException is RpcException { StatusCode: StatusCode.FailedPrecondition })
        {
            return null;
        }

        return Amount.TryParseTotal(reply.ShardTotal, out var total)
            ? new SourceBranch<Amount>(reply.LastCommon.Epoch, reply.LastCommon.Sequence, total)
            : throw new InboxSourceException($"The Calculator's total of shard {shard} is no amount.");
    }

    public Task ConfirmAsync(SourceConfirmation confirmation, CancellationToken cancellationToken)
    {
        var request = new ConfirmRequest
        {
            Consumer = confirmation.Consumer,
            System = ByteString.CopyFrom(confirmation.System.ToByteArray(bigEndian: true)),
            Positions = { confirmation.Held.Select(static at => new Position { Shard = at.Shard, Epoch = at.Epoch, Sequence = at.Sequence }) },
        };
        return AskAsync((client, options) => client.ConfirmAsync(request, options), cancellationToken);
    }

    public void Dispose() => _calculators.ForEach(static calculator => calculator.Channel.Dispose());

    /// <summary>Asks one after the other until one answers. What one says of the question itself (not found, out of range) the others would say too.</summary>
    private async Task<TReply> AskAsync<TReply>(Func<Relay.RelayClient, CallOptions, AsyncUnaryCall<TReply>> ask, CancellationToken cancellationToken)
    {
        var first = Volatile.Read(ref _preferred);
        RpcException? last = null;
        for (var i = 0; i < _calculators.Count; i++)
        {
            var at = (first + i) % _calculators.Count;
            try
            {
                using var call = ask(_calculators[at].Client, new CallOptions(deadline: _time.GetUtcNow().UtcDateTime + Patience, cancellationToken: cancellationToken));
                var reply = await call;
                Volatile.Write(ref _preferred, at);
                return reply;
            }
            catch (RpcException failure)
            {
                cancellationToken.ThrowIfCancellationRequested();
                last = failure;
                if (failure.StatusCode is StatusCode.NotFound or StatusCode.OutOfRange or StatusCode.InvalidArgument or StatusCode.FailedPrecondition)
                {
                    break;
                }
            }
        }

        throw new InboxSourceException(
            $"{(_calculators.Count == 1 ? "The Calculator" : $"None of the {_calculators.Count} Calculators")} answered ({last?.StatusCode}: {last?.Status.Detail}).", last);
    }
}
