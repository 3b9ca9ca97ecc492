using Grpc.Core;

namespace Tally.Rpc.Server;

/// <summary>One message there, one back. The whole answer leaves at once: headers, message and trailers.</summary>
internal sealed class UnaryMethod<TService, TRequest, TResponse>(
    Method<TRequest, TResponse> method,
    ServerMethodSettings settings,
    ServiceSource<TService> source,
    UnaryMethod<TService, TRequest, TResponse>.Handler handler)
    : ServerMethod<TService, TRequest, TResponse>(method, settings, source)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    public delegate Task<TResponse> Handler(TService service, TRequest request, ServerCallContext context);

    protected override ValueTask<TRequest?> ReadRequestAsync(ServerCall call) => call.ReadOnlyMessageAsync(Method.RequestMarshaller);

    protected override Task Handle(TService service, TRequest? request, ServerCall call) => handler(service, request!, call);

    protected override void End(ServerCall call, Task handled) => call.EndWithResultOf((Task<TResponse>)handled, Method.ResponseMarshaller);
}
