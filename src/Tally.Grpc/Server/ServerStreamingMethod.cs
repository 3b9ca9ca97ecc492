using Grpc.Core;

namespace Tally.Rpc.Server;

/// <summary>One message there, many back.</summary>
internal sealed class ServerStreamingMethod<TService, TRequest, TResponse>(
    Method<TRequest, TResponse> method,
    ServerMethodSettings settings,
    ServiceSource<TService> source,
    ServerStreamingMethod<TService, TRequest, TResponse>.Handler handler)
    : ServerMethod<TService, TRequest, TResponse>(method, settings, source)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    public delegate Task Handler(TService service, TRequest request, IServerStreamWriter<TResponse> responses, ServerCallContext context);

    protected override ValueTask<TRequest?> ReadRequestAsync(ServerCall call) => call.ReadOnlyMessageAsync(Method.RequestMarshaller);

    protected override Task Handle(TService service, TRequest? request, ServerCall call) =>
        handler(service, request!, new ResponseStream<TResponse>(call, Method.ResponseMarshaller), call);

    protected override void End(ServerCall call, Task handled) => call.End();
}
