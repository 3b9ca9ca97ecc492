namespace Grpc.Core;

/// <summary>A call with streams both ways under way.</summary>
/// <typeparam name="TRequest">The requests.</typeparam>
/// <typeparam name="TResponse">The answers.</typeparam>
public sealed class AsyncDuplexStreamingCall<TRequest, TResponse> : IDisposable
{
    private readonly AsyncCallControls _controls;

    /// <summary>A call made of its parts.</summary>
    public AsyncDuplexStreamingCall(
        IClientStreamWriter<TRequest> requestStream,
        IAsyncStreamReader<TResponse> responseStream,
        Task<Metadata> responseHeadersAsync,
        Func<Status> getStatusFunc,
        Func<Metadata> getTrailersFunc,
        Action disposeAction)
    {
        RequestStream = requestStream;
        ResponseStream = responseStream;
        _controls = AsyncCallControls.Of(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction);
    }

    /// <summary>A call made of its parts, without closures.</summary>
    public AsyncDuplexStreamingCall(
        IClientStreamWriter<TRequest> requestStream,
        IAsyncStreamReader<TResponse> responseStream,
        Func<object, Task<Metadata>> responseHeadersAsync,
        Func<object, Status> getStatusFunc,
        Func<object, Metadata> getTrailersFunc,
        Action<object> disposeAction,
        object state)
    {
        RequestStream = requestStream;
        ResponseStream = responseStream;
        _controls = new AsyncCallControls(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction, state);
    }

    /// <summary>Where requests are written to.</summary>
    public IClientStreamWriter<TRequest> RequestStream { get; }

    /// <summary>The answers. Reading past the last one throws <see cref="RpcException"/> unless the status is OK.</summary>
    public IAsyncStreamReader<TResponse> ResponseStream { get; }

    /// <summary>The response headers, as soon as they are there.</summary>
    public Task<Metadata> ResponseHeadersAsync => _controls.Headers;

    /// <summary>How the call ended.</summary>
    /// <exception cref="InvalidOperationException">It has not ended yet.</exception>
    public Status GetStatus() => _controls.Status;

    /// <summary>The trailers that came with the status.</summary>
    /// <exception cref="InvalidOperationException">The call has not ended yet.</exception>
    public Metadata GetTrailers() => _controls.Trailers;

    /// <summary>Cancels the call unless it has ended.</summary>
    public void Dispose() => _controls.Dispose();
}
