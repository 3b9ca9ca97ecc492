using Grpc.Core;

namespace Tally.Rpc.Client;

/// <summary>The stream of requests of a call.</summary>
internal sealed class RequestWriter<T>(ClientCall call, RequestStreamContent content, Marshaller<T> marshaller, int? limit) : IClientStreamWriter<T>
    where T : class
{
    private Task _writing = Task.CompletedTask;
    private bool _completed;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (!_writing.IsCompleted || _completed)
        {
            throw new InvalidOperationException(
                _completed ? "The stream of requests was completed." : "The previous message is still being written: await WriteAsync before the next one.");
        }

        var flush = WriteOptions?.Flags.HasFlag(WriteFlags.BufferHint) != true;
        return _writing = SendAsync(MessageBytes.Of(message, marshaller, limit), flush, cancellationToken);
    }

    public Task CompleteAsync()
    {
        _completed = true;
        content.Complete();
        return Task.CompletedTask;
    }

    private async Task SendAsync(ReadOnlyMemory<byte> bytes, bool flush, CancellationToken cancellationToken)
    {
        // Either the connection comes first, or the end of the call.
        await Task.WhenAny(content.Opened, call.Sent).WaitAsync(cancellationToken);
        call.ThrowIfEnded();
        try
        {
            var stream = await content.Opened;
            await stream.WriteAsync(bytes, cancellationToken);
            if (flush)
            {
                await stream.FlushAsync(cancellationToken);
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            call.ThrowIfEnded();
            throw new RpcException(new Status(StatusCode.Cancelled, "The server takes no more requests; the end of its answers says why.", exception));
        }
    }
}
