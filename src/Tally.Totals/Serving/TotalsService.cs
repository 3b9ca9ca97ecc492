using System.Diagnostics.CodeAnalysis;
using Grpc.Core;
using Tally.Contracts.V1;
using Tally.Inbox;
using TotalsBase = Tally.Contracts.V1.Totals.TotalsBase;

namespace Tally.Totals.Serving;

/// <summary>The running total over gRPC.</summary>
internal sealed class TotalsService(TotalsView view, TotalsRefresher refresher, TimeProvider time, IHostApplicationLifetime lifetime) : TotalsBase
{
    private const int MaxPositions = 1024;
    private static readonly TimeSpan WatchPause = TimeSpan.FromMilliseconds(100);

    public override async Task<Total> GetTotal(GetTotalRequest request, ServerCallContext context)
    {
        var atLeast = Check(request);
        using var ending = EndOf(context);
        try
        {
            await refresher.EnsureFreshAsync(ending.Token);
            await view.ReachAsync(atLeast, ending.Token);
        }
        catch (Exception away) when (DatabaseTrouble.Is(away))
        {
            ThrowUnavailable();
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            ThrowStopping();
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, "The total did not reach at_least in time."));
        }

        return ToMessage(view.Read().Total);
    }

    public override async Task WatchTotal(WatchTotalRequest request, IServerStreamWriter<Total> responseStream, ServerCallContext context)
    {
        using var ending = EndOf(context);
        try
        {
            while (true)
            {
                await refresher.EnsureFreshAsync(ending.Token);
                var (total, changed) = view.Read();
                await responseStream.WriteAsync(ToMessage(total), ending.Token);
                await Task.Delay(WatchPause, time, ending.Token);
                await WaitForChangeAsync(changed, ending.Token);
            }
        }
        catch (Exception away) when (DatabaseTrouble.Is(away))
        {
            ThrowUnavailable();
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            ThrowStopping();
        }
    }

    /// <summary>The call's end or the service's, whichever comes first: a call that waits must not hold up a stop.</summary>
    private CancellationTokenSource EndOf(ServerCallContext context) =>
        CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);

    /// <summary>Asks again now and then, so that changes by other instances are looked for while nothing happens here.</summary>
    private async Task WaitForChangeAsync(Task changed, CancellationToken cancellationToken)
    {
        while (!changed.IsCompleted)
        {
            await Task.WhenAny(changed, Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
            await refresher.EnsureFreshAsync(cancellationToken);
        }
    }

    private static List<HeldPosition> Check(GetTotalRequest request)
    {
        if (request.AtLeast.Count > MaxPositions)
        {
            ThrowInvalid($"at_least has {request.AtLeast.Count} positions; allowed: at most {MaxPositions}.");
        }

        var positions = new List<HeldPosition>(request.AtLeast.Count);
        foreach (var position in request.AtLeast)
        {
            var at = positions.Count;
            if (position.Shard is < 0 or > EventPosition.MaxShard)
            {
                ThrowInvalid($"at_least[{at}].shard is {position.Shard}; allowed: 0 to {EventPosition.MaxShard}.");
            }

            if (position.Epoch < 0)
            {
                ThrowInvalid($"at_least[{at}].epoch is {position.Epoch}; allowed: 0 and more.");
            }

            if (position.Sequence < 0)
            {
                ThrowInvalid($"at_least[{at}].sequence is {position.Sequence}; allowed: 0 and more.");
            }

            positions.Add(new HeldPosition(position.Shard, position.Epoch, position.Sequence));
        }

        return positions;
    }

    private static Total ToMessage(TotalSnapshot snapshot)
    {
        var message = new Total { Total_ = snapshot.Total.ToString(), Count = snapshot.Count };
        foreach (var shard in snapshot.Shards)
        {
            message.Positions.Add(new Position { Shard = shard.Shard, Epoch = shard.Epoch, Sequence = shard.Sequence });
        }

        return message;
    }

    [DoesNotReturn]
    private static void ThrowInvalid(string message) => throw new RpcException(new Status(StatusCode.InvalidArgument, message));

    [DoesNotReturn]
    private static void ThrowStopping() => throw new RpcException(new Status(StatusCode.Unavailable, "This instance is stopping; ask another one."));

    [DoesNotReturn]
    private static void ThrowUnavailable() => throw new RpcException(new Status(StatusCode.Unavailable, "The total can't be read now; try again."));
}
