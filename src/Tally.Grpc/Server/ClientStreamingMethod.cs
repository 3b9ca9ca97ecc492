using Grpc.Core;

namespace Tally.Rpc.Server;

/// <summary>Many messages there, one back.</summary>
internal sealed class ClientStreamingMethod<TService, TRequest, TResponse>(
    Method<TRequest, TResponse> method,
    ServerMethodSettings settings,
    ServiceSource<TService> source,
    ClientStreamingMethod<TService, TRequest, TResponse>.Handler handler)
    : ServerMethod<TService, TRequest, TResponse>(method, settings, source)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    public delegate Task<TResponse> Handler(TService service, IAsyncStreamReader<TRequest> requests, ServerCallContext context);

    protected override Task Handle(TService service, TRequest? request, ServerCall call) =>
        handler(service, new RequestStream<TRequest>(call, Method.RequestMarshaller), call);

    protected override void End(ServerCall call, Task handled) => call.EndWithResultOf((Task<TResponse>)handled, Method.ResponseMarshaller);
}
