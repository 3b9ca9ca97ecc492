using Microsoft.AspNetCore.Routing;
using Tally.Rpc.Health;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps <c>grpc.health.v1</c>.</summary>
public static class GrpcHealthChecksEndpointRouteBuilderExtensions
{
    /// <summary>Serves Check, Watch and List for the server as a whole (the empty name) and for each service that is mapped.</summary>
    public static GrpcServiceEndpointConventionBuilder MapGrpcHealthChecksService(this IEndpointRouteBuilder builder) =>
        builder.MapGrpcService<HostHealthService>();
}
