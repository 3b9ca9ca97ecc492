using Grpc.Core;

namespace Tally.Rpc.Server;

/// <summary>Receives the methods of a service from its generated <c>BindService</c>, and ties each one to the method of <typeparamref name="TService"/>.</summary>
internal sealed class ServerMethodCollector<TService>(ServiceSource<TService> source, Func<IMethod, ServerMethodSettings> settings, string? serviceName)
    : ServiceBinderBase
    where TService : class
{
    private readonly List<IServerMethod> _methods = [];

    public IReadOnlyList<IServerMethod> Methods => _methods;

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        var named = Named(method);
        _methods.Add(new UnaryMethod<TService, TRequest, TResponse>(
            named, settings(named), source, Bind<UnaryMethod<TService, TRequest, TResponse>.Handler>(method)));
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var named = Named(method);
        _methods.Add(new ClientStreamingMethod<TService, TRequest, TResponse>(
            named, settings(named), source, Bind<ClientStreamingMethod<TService, TRequest, TResponse>.Handler>(method)));
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var named = Named(method);
        _methods.Add(new ServerStreamingMethod<TService, TRequest, TResponse>(
            named, settings(named), source, Bind<ServerStreamingMethod<TService, TRequest, TResponse>.Handler>(method)));
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var named = Named(method);
        _methods.Add(new DuplexStreamingMethod<TService, TRequest, TResponse>(
            named, settings(named), source, Bind<DuplexStreamingMethod<TService, TRequest, TResponse>.Handler>(method)));
    }

    private Method<TRequest, TResponse> Named<TRequest, TResponse>(Method<TRequest, TResponse> method) => serviceName is null
        ? method
        : new(method.Type, serviceName, method.Name, method.RequestMarshaller, method.ResponseMarshaller);

    /// <summary>The method of the service with the handler's parameters, as a delegate whose first argument is the service.</summary>
    private static THandler Bind<THandler>(IMethod method)
        where THandler : Delegate
    {
        Type[] parameters = [.. typeof(THandler).GetMethod("Invoke")!.GetParameters().Skip(1).Select(parameter => parameter.ParameterType)];
        var implementation = typeof(TService).GetMethod(method.Name, parameters)
            ?? throw new InvalidOperationException($"{typeof(TService)} has no method {method.Name} for {method.FullName}.");
        return implementation.CreateDelegate<THandler>();
    }
}
