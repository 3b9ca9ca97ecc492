using System.IO.Pipelines;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using Tally.Rpc.Wire;

namespace Tally.Rpc.Server;

internal sealed partial class ServerCall
{
    // The handler and the deadline race for the end of the call. Whoever writes to the response holds the gate.
    private readonly Lock _gate = new();
    private bool _bodyStarted;
    private bool _ended;

    /// <summary>What the caller was told in the end; UNKNOWN while the call goes on.</summary>
    public StatusCode EndedWith { get; private set; } = StatusCode.Unknown;

    /// <summary>Ends the call with its one answer.</summary>
    public void EndWithResultOf<T>(Task<T> handled, Marshaller<T> marshaller)
        where T : class
    {
#pragma warning disable VSTHRD002 // The task was awaited before.
        var response = handled.Result;
#pragma warning restore VSTHRD002
        lock (_gate)
        {
            if (_ended)
            {
                return;
            }

            if (StatusCore.StatusCode == StatusCode.OK)
            {
                WriteMessage(response ?? throw new RpcException(new Status(StatusCode.Internal, "The handler returned no message.")), marshaller);
            }

            WriteEnd(StatusCore, _responseTrailers);
        }
    }

    /// <summary>Ends the call after its stream of answers.</summary>
    public void End() => EndWith(StatusCore, _responseTrailers);

    /// <summary>Ends the call with what an exception means.</summary>
    public void EndWith(Exception exception)
    {
        var status = ServerFault.StatusOf(exception, this);
        if (_expired)
        {
            ServerFault.LogLate(exception, status, settings);
            return;
        }

        ServerFault.Log(exception, status, settings);
        EndWith(status, exception is RpcException rpc ? Joined(_responseTrailers, rpc.Trailers) : null);
    }

    /// <summary>Waits until nothing of the call touches the request any more.</summary>
    public ValueTask FinishAsync()
    {
        return _timer is null ? default : Wait(_timer);

        async ValueTask Wait(ITimer timer)
        {
            // This waits for a deadline that passes right now.
            await timer.DisposeAsync();
            if (_expiring is not null)
            {
                await _expiring;
            }

            _cancellation?.Dispose();
        }
    }

    /// <summary>Puts a message of a stream into the response; flushing it is another matter.</summary>
    public PipeWriter Write<T>(T message, Marshaller<T> marshaller)
        where T : class
    {
        lock (_gate)
        {
            ThrowIfEnded();
            return WriteMessage(message, marshaller);
        }
    }

    /// <summary>Sends what was written. A deadline that passes meanwhile completes the response under it, and reads as what it is.</summary>
    public Task FlushAsync(PipeWriter body, CancellationToken cancellationToken)
    {
        try
        {
            var flushing = body.FlushAsync(cancellationToken);
            return flushing.IsCompletedSuccessfully ? Task.CompletedTask : Wait(flushing);
        }
        catch (InvalidOperationException completed) when (_expired)
        {
            throw new OperationCanceledException(PastDeadline, completed);
        }

        async Task Wait(ValueTask<FlushResult> flushing)
        {
            try
            {
                await flushing;
            }
            catch (InvalidOperationException completed) when (_expired)
            {
                throw new OperationCanceledException(PastDeadline, completed);
            }
        }
    }

    protected override async Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        ArgumentNullException.ThrowIfNull(responseHeaders);
        lock (_gate)
        {
            ThrowIfEnded();
            if (_bodyStarted)
            {
                throw new InvalidOperationException("The response headers were sent already.");
            }

            StatusHeaders.Write(http.Response.Headers, responseHeaders);
            StartBody();
        }

        await http.Response.BodyWriter.FlushAsync(CancellationToken.None);
    }

    private PipeWriter WriteMessage<T>(T message, Marshaller<T> marshaller)
    {
        var body = http.Response.BodyWriter;
        MessageWriter.Write(body, message, marshaller, settings.MaxSendMessageSize);
        StartBody();
        return body;
    }

    private void StartBody()
    {
        if (!_bodyStarted)
        {
            _bodyStarted = true;
            http.Response.ContentType = Admission.ContentType;
        }
    }

    private void EndWith(Status status, Metadata? trailers)
    {
        lock (_gate)
        {
            if (!_ended)
            {
                WriteEnd(status, trailers);
            }
        }
    }

    /// <summary>The status goes behind the messages, or into the headers when there are none ("trailers only").</summary>
    private void WriteEnd(Status status, Metadata? trailers)
    {
        _ended = true;
        var target = _bodyStarted ? http.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers : http.Response.Headers;
        if (!_bodyStarted)
        {
            http.Response.ContentType = Admission.ContentType;
        }

        if (trailers is { Count: > 0 })
        {
            try
            {
                StatusHeaders.Write(target, trailers);
            }
            catch (InvalidOperationException unsendable)
            {
                // The server refuses control characters and the like.
                Log.HandlerFailed(settings.Logger, MethodCore, unsendable);
                status = new Status(StatusCode.Internal, "The handler set a trailer that can't be sent.");
            }
        }

        StatusHeaders.Write(target, status);
        EndedWith = status.StatusCode;
    }

    private void ThrowIfEnded()
    {
        if (_expired)
        {
            throw new OperationCanceledException(PastDeadline);
        }

        if (_ended)
        {
            throw new InvalidOperationException("The call has ended, so nothing more can be sent.");
        }
    }

    private static Metadata? Joined(Metadata? set, Metadata thrown)
    {
        if (set is null || thrown.Count == 0)
        {
            return set ?? thrown;
        }

        var joined = new Metadata();
        foreach (var entry in set.Concat(thrown))
        {
            joined.Add(entry);
        }

        return joined;
    }
}
