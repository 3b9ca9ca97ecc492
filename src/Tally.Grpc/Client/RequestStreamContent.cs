using System.Net;

namespace Tally.Rpc.Client;

/// <summary>A request whose messages are written while it is on its way: it stays open until the writer completes it.</summary>
internal sealed class RequestStreamContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RequestStreamContent() => Headers.ContentType = MessageContent.GrpcContentType;

    /// <summary>Where to write, once the connection is there.</summary>
    public Task<Stream> Opened => _opened.Task;

    public void Complete() => _completed.TrySetResult();

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // The server may want to answer before the first message: it gets the headers now.
        await stream.FlushAsync(cancellationToken);
        _opened.TrySetResult(stream);
        await _completed.Task.WaitAsync(cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
