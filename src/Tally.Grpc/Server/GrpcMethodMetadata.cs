using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>Found on the endpoint of a gRPC method.</summary>
/// <param name="serviceType">The type that implements the service.</param>
/// <param name="method">The method.</param>
public sealed class GrpcMethodMetadata(Type serviceType, IMethod method)
{
    /// <summary>The type that implements the service.</summary>
    public Type ServiceType { get; } = serviceType;

    /// <summary>The method.</summary>
    public IMethod Method { get; } = method;
}
