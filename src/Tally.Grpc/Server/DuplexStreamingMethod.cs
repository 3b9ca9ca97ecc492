using Grpc.Core;

namespace Tally.Rpc.Server;

/// <summary>Many messages there and many back, independently.</summary>
internal sealed class DuplexStreamingMethod<TService, TRequest, TResponse>(
    Method<TRequest, TResponse> method,
    ServerMethodSettings settings,
    ServiceSource<TService> source,
    DuplexStreamingMethod<TService, TRequest, TResponse>.Handler handler)
    : ServerMethod<TService, TRequest, TResponse>(method, settings, source)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    public delegate Task Handler(
        TService service, IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses, ServerCallContext context);

    protected override Task Handle(TService service, TRequest? request, ServerCall call) => handler(
        service,
        new RequestStream<TRequest>(call, Method.RequestMarshaller),
        new ResponseStream<TResponse>(call, Method.ResponseMarshaller),
        call);

    protected override void End(ServerCall call, Task handled) => call.End();
}
