using Grpc.Core;

namespace Tally.Rpc.Client;

/// <summary>The stream of answers to a call.</summary>
internal sealed class ResponseReader<T>(ClientCall call, Marshaller<T> marshaller) : IAsyncStreamReader<T>
    where T : class
{
    private T? _current;

    public T Current => _current ?? throw new InvalidOperationException("There is no current message: MoveNext was not called, or returned false.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        _current = null;
        _current = await call.ReadMessageAsync(marshaller, cancellationToken);
        return _current is not null;
    }
}
