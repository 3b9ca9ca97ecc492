using Grpc.Core;

namespace Tally.Rpc.Server;

/// <summary>The messages that a caller sends, as they come.</summary>
internal sealed class RequestStream<T> : IAsyncStreamReader<T>
    where T : class
{
    private readonly ServerCall _call;
    private readonly Marshaller<T> _marshaller;
    private T? _current;

    public RequestStream(ServerCall call, Marshaller<T> marshaller)
    {
        _call = call;
        _marshaller = marshaller;
        call.AllowLongRequest();
    }

    public T Current => _current ?? throw new InvalidOperationException("There is no current message: MoveNext was not called, or returned false.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        _current = await _call.ReadMessageAsync(_marshaller, cancellationToken);
        return _current is not null;
    }
}
