using Grpc.Core;

namespace Tally.Rpc.Client;

internal sealed partial class ClientCall
{
    // Set once, by whoever comes first: the answer, a fault, the deadline, the caller.
    private Outcome? _outcome;
    private bool _abandoned;
    private bool _readingCancelled;

    public Status GetStatus() => (_outcome ?? throw NotEnded()).Status;

    public Metadata GetTrailers() => (_outcome ?? throw NotEnded()).Trailers;

    /// <summary>Tells a writer why it can't write.</summary>
    public void ThrowIfEnded()
    {
        ThrowIfFailed();
        if (_outcome is not null)
        {
            throw new InvalidOperationException("The call has ended, so nothing more can be sent.");
        }
    }

    private void ThrowIfFailed()
    {
        if (_outcome is { Status.StatusCode: not StatusCode.OK } ended)
        {
            throw new RpcException(ended.Status, ended.Trailers);
        }
    }

    private void CancelReading()
    {
        _readingCancelled = true;
        Cancel();
    }

    private void Cancel()
    {
        try
        {
            _cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call has ended meanwhile, which is as good.
        }
    }

    private void End(Status status, Metadata? trailers = null)
    {
        var outcome = new Outcome(status, trailers ?? Metadata.Empty);
        if (Interlocked.CompareExchange(ref _outcome, outcome, null) is not null)
        {
            return;
        }

        if (_headers.TrySetException(new RpcException(status, outcome.Trailers)))
        {
            _ = _headers.Task.Exception; // Seen: not everybody asks for the headers.
        }

        _response?.Dispose();
        _cancellation.Dispose();
    }

    /// <summary>A unary answer has one message; with any other number of them it is a fault, whatever its status.</summary>
    private Status EndAgainstRules(string detail)
    {
        var status = new Status(StatusCode.Unimplemented, detail);
        End(status);
        _outcome = new Outcome(status, _outcome!.Trailers);
        return status;
    }

    private static bool IsOfHttp(Exception exception) => exception is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException;

    private Status StatusOf(Exception exception) => this switch
    {
        { _options.CancellationToken.IsCancellationRequested: true } or { _readingCancelled: true } =>
            new Status(StatusCode.Cancelled, "The caller cancelled the call.", exception),
        { _abandoned: true } or { _channel.IsDisposed: true } =>
            new Status(StatusCode.Cancelled, "The call was disposed of, or its channel was.", exception),
        { _cancellation.IsCancellationRequested: true } or { IsPastDeadline: true } => // A server's own timer may be the quicker one.
            new Status(StatusCode.DeadlineExceeded, "The deadline has passed.", exception),
        _ => StatusMapping.Of(exception),
    };

    private bool IsPastDeadline => _timeout is not null && _options.Deadline <= TimeProvider.System.GetUtcNow().UtcDateTime;

    private static InvalidOperationException NotEnded() => new("The call has not ended yet.");

    private sealed record Outcome(Status Status, Metadata Trailers);
}
