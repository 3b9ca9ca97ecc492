using System.Reflection;
using Grpc.AspNetCore.Server;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Tally.Rpc.Server;

/// <summary>Makes the handlers of a service's methods out of what the generated code says of it.</summary>
internal sealed class ServerMethodFactory(
    IServiceProvider services,
    ServiceLifetimes lifetimes,
    IOptions<GrpcServiceOptions> options,
    IOptions<GrpcTracingOptions> tracing,
    ILoggerFactory loggers,
    TimeProvider clock,
    ServerMetrics metrics)
{
    public IReadOnlyList<IServerMethod> MethodsOf<TService>(string? serviceName)
        where TService : class
    {
        var bind = GeneratedService.BindMethodOf(typeof(TService));
        var logger = loggers.CreateLogger<TService>();
        var collector = new ServerMethodCollector<TService>(
            ServiceSource<TService>.For(lifetimes.Of(typeof(TService)), services),
            method => new ServerMethodSettings(method, options.Value.MaxReceiveMessageSize, options.Value.MaxSendMessageSize, logger, clock,
                metrics.For(method.FullName.TrimStart('/')), tracing.Value),
            serviceName);

        // The null stands for the implementation: only the descriptions are wanted.
        bind.Invoke(null, BindingFlags.DoNotWrapExceptions, binder: null, [collector, null], culture: null);
        return collector.Methods;
    }
}
