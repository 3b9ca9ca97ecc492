using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>Where further settings of a gRPC server hook in.</summary>
public interface IGrpcServerBuilder
{
    /// <summary>The services of the host.</summary>
    IServiceCollection Services { get; }
}
