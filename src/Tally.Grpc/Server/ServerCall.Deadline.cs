using Grpc.Core;
using Tally.Rpc.Wire;

namespace Tally.Rpc.Server;

internal sealed partial class ServerCall
{
    private const string PastDeadline = "The deadline has passed.";

    // Timers reach no farther. A call that may take longer is told its deadline, and nobody watches it.
    private static readonly TimeSpan Farthest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private DateTime _deadline = DateTime.MaxValue;
    private ITimer? _timer;
    private CancellationTokenSource? _cancellation;
    private bool _expired;
    private Task? _expiring;

    // A token of its own is made only for a handler that asks for it, and only where the request's token does not do.
    protected override CancellationToken CancellationTokenCore =>
        _timer is null ? http.RequestAborted : (_cancellation ?? NewCancellation()).Token;

    /// <summary>Reads what the headers say of the call. The deadline travels as the time that is left; it is watched from now on.</summary>
    public void Begin()
    {
        AllowSlowRequest();
        RefuseCompression();
        var header = http.Request.Headers.GrpcTimeout;
        if (header.Count == 0)
        {
            return;
        }

        if (!GrpcTimeout.TryParse(header.ToString(), out var timeout))
        {
            throw new RpcException(new Status(StatusCode.Internal, $"grpc-timeout is '{header}', which is not a time."));
        }

        var now = settings.Clock.GetUtcNow().UtcDateTime;
        _deadline = timeout < DateTime.MaxValue - now ? now + timeout : DateTime.MaxValue;
        if (timeout == TimeSpan.Zero)
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, PastDeadline));
        }

        if (timeout <= Farthest)
        {
            _timer = settings.Clock.CreateTimer(static call => ((ServerCall)call!).OnDeadline(), this, timeout, Timeout.InfiniteTimeSpan);
        }
    }

    private CancellationTokenSource NewCancellation()
    {
        lock (_gate)
        {
            if (_cancellation is null)
            {
                _cancellation = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
                if (_expired)
                {
                    _cancellation.Cancel();
                }
            }

            return _cancellation;
        }
    }

    /// <summary>Tells the caller at once, whatever the handler is doing, and then the handler. What that still brings is dropped.</summary>
    private void OnDeadline()
    {
        lock (_gate)
        {
            if (_ended)
            {
                return;
            }

            _expired = true;
            WriteEnd(new Status(StatusCode.DeadlineExceeded, PastDeadline), trailers: null);
        }

        _expiring = ExpireAsync();
    }

    private async Task ExpireAsync()
    {
        var sending = http.Response.CompleteAsync();
        try
        {
            _body?.CancelPendingRead();
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // The caller is gone, so nobody waits for it any more.
        }

        try
        {
            _cancellation?.Cancel();
        }
        catch (AggregateException exception)
        {
            // What the handler had registered with its token failed.
            Log.FailedLate(settings.Logger, MethodCore, StatusCode.Unknown, exception);
        }

        try
        {
            await sending;
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            Log.CallerGone(settings.Logger, MethodCore);
        }
    }
}
