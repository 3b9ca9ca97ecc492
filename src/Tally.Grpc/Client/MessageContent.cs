using System.Net;
using System.Net.Http.Headers;

namespace Tally.Rpc.Client;

/// <summary>A request of one message, as bytes that were made when the call was: later changes to the message don't matter.</summary>
internal sealed class MessageContent : HttpContent
{
    public static readonly MediaTypeHeaderValue GrpcContentType = new("application/grpc");

    private readonly ReadOnlyMemory<byte> _bytes;

    public MessageContent(ReadOnlyMemory<byte> bytes)
    {
        _bytes = bytes;
        Headers.ContentType = GrpcContentType;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        stream.WriteAsync(_bytes, cancellationToken).AsTask();

    protected override bool TryComputeLength(out long length)
    {
        length = _bytes.Length;
        return true;
    }
}
