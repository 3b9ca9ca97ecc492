using System.IO.Pipelines;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Tally.Rpc.Wire;

namespace Tally.Rpc.Server;

internal sealed partial class ServerCall
{
    private PipeReader? _body;

    /// <summary>Reads the one message that a caller sends who sends one, and sees to it that there is no second.</summary>
    public ValueTask<T?> ReadOnlyMessageAsync<T>(Marshaller<T> marshaller)
        where T : class
    {
        _body = http.Request.BodyReader;

        // A small request is usually there as a whole before its call begins.
        return _body.TryRead(out var first) && TryTakeOnly(first, marshaller, out var message) ? new(message) : Wait(_body);

        async ValueTask<T?> Wait(PipeReader body)
        {
            while (true)
            {
                var result = await ReadAsync(body, CancellationToken.None);
                if (TryTakeOnly(result, marshaller, out var late))
                {
                    return late;
                }
            }
        }
    }

    /// <summary>Reads the next message of a stream; null at its end.</summary>
    public async ValueTask<T?> ReadMessageAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
        where T : class
    {
        _body ??= http.Request.BodyReader;
        while (true)
        {
            var result = await ReadAsync(_body, cancellationToken);
            var rest = result.Buffer;
            if (MessageFrame.TryTake(ref rest, settings.MaxReceiveMessageSize, out var frame))
            {
                var message = Parse(frame, marshaller);
                _body.AdvanceTo(rest.Start);
                return message;
            }

            if (result.IsCompleted)
            {
                return rest.IsEmpty ? null : throw CutShort();
            }

            _body.AdvanceTo(rest.Start, rest.End);
        }
    }

    /// <summary>A stream of requests may be as long as its caller likes: Kestrel's limit is meant for single requests.</summary>
    public void AllowLongRequest()
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }
    }

    private void RefuseCompression()
    {
        var encoding = http.Request.Headers.GrpcEncoding;
        if (encoding.Count > 0 && encoding != "identity")
        {
            http.Response.Headers.GrpcAcceptEncoding = "identity";
            throw new RpcException(new Status(StatusCode.Unimplemented, $"Messages compressed with {encoding} can't be read; send them as they are."));
        }
    }

    /// <summary>
    /// A request may come as slowly as its caller sends it: where Kestrel finds one too slow, it closes the whole connection with all other
    /// calls on it, and a caller that is short of CPU looks just like one that means harm. A call with a deadline ends at it. One without may stay
    /// open for as long as its connection lives; what it can hold meanwhile is one of the connection's streams and a message within the size limit.
    /// </summary>
    private void AllowSlowRequest()
    {
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    private bool TryTakeOnly<T>(in ReadResult result, Marshaller<T> marshaller, out T? message)
        where T : class
    {
        var rest = result.Buffer;
        var found = MessageFrame.TryTake(ref rest, settings.MaxReceiveMessageSize, out var frame);
        if (found && !rest.IsEmpty)
        {
            throw new RpcException(new Status(StatusCode.Unimplemented, "More than one message was received; this method takes one."));
        }

        if (!result.IsCompleted)
        {
            // Looked at all, used nothing.
            _body!.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            message = null;
            return false;
        }

        if (!found)
        {
            throw rest.IsEmpty
                ? new RpcException(new Status(StatusCode.Unimplemented, "No message was received; this method takes one."))
                : CutShort();
        }

        message = Parse(frame, marshaller);
        _body!.AdvanceTo(rest.End);
        return true;
    }

    private static async ValueTask<ReadResult> ReadAsync(PipeReader body, CancellationToken cancellationToken)
    {
        var result = await body.ReadAsync(cancellationToken);

        // The deadline wakes up whoever reads.
        return result.IsCanceled ? throw new OperationCanceledException(PastDeadline) : result;
    }

    private static T Parse<T>(in MessageFrame frame, Marshaller<T> marshaller)
    {
        if (frame.IsCompressed)
        {
            throw new RpcException(new Status(StatusCode.Internal, "A message is marked as compressed, but grpc-encoding does not say how."));
        }

        try
        {
            return PayloadReader.Read(frame.Payload, marshaller);
        }
#pragma warning disable CA1031 // A custom marshaller may throw anything; all of it means that these bytes are no message.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            throw new RpcException(new Status(StatusCode.Internal, "The request can't be parsed.", exception));
        }
    }

    private static RpcException CutShort() => new(new Status(StatusCode.Internal, "The request ended within a message."));
}
