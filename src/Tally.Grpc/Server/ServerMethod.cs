using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Tally.Rpc.Server;

/// <summary>A method that can be called over HTTP.</summary>
internal interface IServerMethod
{
    IMethod Description { get; }

    Task HandleAsync(HttpContext http);
}

/// <summary>What all calls of a method share.</summary>
internal sealed record ServerMethodSettings(
    IMethod Method, int? MaxReceiveMessageSize, int? MaxSendMessageSize, ILogger Logger, TimeProvider Clock, MethodMetrics Metrics, GrpcTracingOptions Tracing);

/// <summary>
/// The course of a call. The four kinds differ in what they read before the handler runs and in what is left to send after it. It is one
/// asynchronous method on purpose: a call whose handler waits costs one state machine, and one that doesn't wait costs none.
/// </summary>
internal abstract class ServerMethod<TService, TRequest, TResponse>(
    Method<TRequest, TResponse> method, ServerMethodSettings settings, ServiceSource<TService> source) : IServerMethod
    where TService : class
    where TRequest : class
    where TResponse : class
{
    public IMethod Description => Method;

    protected Method<TRequest, TResponse> Method { get; } = method;

    public async Task HandleAsync(HttpContext http)
    {
        if (!Admission.Admits(http))
        {
            return;
        }

        var began = settings.Metrics.Begin();
        var span = ServerTracing.Start(http, settings.Metrics.Method, settings.Tracing);
        var call = new ServerCall(http, settings);
        TService? service = null;
        try
        {
            call.Begin();
            service = source.Get(http);
            var request = await ReadRequestAsync(call);
            var handling = Handle(service, request, call);
            await handling;
            End(call, handling);
        }
#pragma warning disable CA1031 // Whatever a handler throws becomes a status.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            call.EndWith(exception);
        }
        finally
        {
            await call.FinishAsync();
            settings.Metrics.End(began, call.EndedWith);
            ServerTracing.End(span, call.EndedWith);
            if (service is not null)
            {
                await source.ReturnAsync(service);
            }
        }
    }

    /// <summary>The request, where there is exactly one.</summary>
    protected virtual ValueTask<TRequest?> ReadRequestAsync(ServerCall call) => default;

    /// <summary>Runs the handler.</summary>
    protected abstract Task Handle(TService service, TRequest? request, ServerCall call);

    /// <summary>Sends what is left to send once the handler has ended well.</summary>
    protected abstract void End(ServerCall call, Task handled);
}
