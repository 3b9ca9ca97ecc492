namespace Grpc.Core;

/// <summary>What is known of a method without its messages' types.</summary>
public interface IMethod
{
    /// <summary>Which side sends how many messages.</summary>
    MethodType Type { get; }

    /// <summary>The full name of the service, for example <c>tally.v1.Calculator</c>.</summary>
    string ServiceName { get; }

    /// <summary>The name of the method within its service, for example <c>Add</c>.</summary>
    string Name { get; }

    /// <summary>The path on the wire, for example <c>/tally.v1.Calculator/Add</c>.</summary>
    string FullName { get; }
}

/// <summary>A method of a service: its name, its kind, and how its messages become bytes.</summary>
/// <typeparam name="TRequest">What the caller sends.</typeparam>
/// <typeparam name="TResponse">What the server answers.</typeparam>
public class Method<TRequest, TResponse> : IMethod
{
    /// <summary>Describes a method.</summary>
    public Method(
        MethodType type, string serviceName, string name, Marshaller<TRequest> requestMarshaller, Marshaller<TResponse> responseMarshaller)
    {
        ArgumentNullException.ThrowIfNull(serviceName);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(requestMarshaller);
        ArgumentNullException.ThrowIfNull(responseMarshaller);
        Type = type;
        ServiceName = serviceName;
        Name = name;
        RequestMarshaller = requestMarshaller;
        ResponseMarshaller = responseMarshaller;
        FullName = $"/{serviceName}/{name}";
    }

    /// <inheritdoc/>
    public MethodType Type { get; }

    /// <inheritdoc/>
    public string ServiceName { get; }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string FullName { get; }

    /// <summary>Between requests and bytes.</summary>
    public Marshaller<TRequest> RequestMarshaller { get; }

    /// <summary>Between responses and bytes.</summary>
    public Marshaller<TResponse> ResponseMarshaller { get; }
}
