namespace Grpc.Core;

/// <summary>Receives the methods of a service, one by one, from the generated <c>BindService</c>.</summary>
public abstract class ServiceBinderBase
{
    /// <summary>A unary method; the handler is null when only the descriptions are wanted.</summary>
    public virtual void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
        where TRequest : class
        where TResponse : class =>
        throw new NotSupportedException();

    /// <summary>A client-streaming method.</summary>
    public virtual void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
        where TRequest : class
        where TResponse : class =>
        throw new NotSupportedException();

    /// <summary>A server-streaming method.</summary>
    public virtual void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
        where TRequest : class
        where TResponse : class =>
        throw new NotSupportedException();

    /// <summary>A duplex-streaming method.</summary>
    public virtual void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
        where TRequest : class
        where TResponse : class =>
        throw new NotSupportedException();
}

/// <summary>Says where the generated <c>BindService</c> of a service base class is.</summary>
/// <param name="bindType">The class that has the method.</param>
/// <param name="bindMethodName">Its name.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = true)]
public class BindServiceMethodAttribute(Type bindType, string bindMethodName) : Attribute
{
    /// <summary>The class that has the method.</summary>
    public Type BindType { get; } = bindType;

    /// <summary>Its name.</summary>
    public string BindMethodName { get; } = bindMethodName;
}
