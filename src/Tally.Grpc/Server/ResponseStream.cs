using Grpc.Core;

namespace Tally.Rpc.Server;

/// <summary>Where a handler writes a stream of answers. Each one leaves at once unless it is hinted that more will come.</summary>
internal sealed class ResponseStream<T>(ServerCall call, Marshaller<T> marshaller) : IServerStreamWriter<T>
    where T : class
{
    private Task _flushing = Task.CompletedTask;

    public WriteOptions? WriteOptions
    {
        get => call.WriteOptions;
        set => call.WriteOptions = value;
    }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (!_flushing.IsCompleted)
        {
            throw new InvalidOperationException("The previous message is still being written: await WriteAsync before the next one.");
        }

        cancellationToken.ThrowIfCancellationRequested();
        call.Http.RequestAborted.ThrowIfCancellationRequested();
        var body = call.Write(message, marshaller);
        if (WriteOptions is { } options && options.Flags.HasFlag(WriteFlags.BufferHint))
        {
            return Task.CompletedTask;
        }

        return _flushing = call.FlushAsync(body, cancellationToken);
    }
}
