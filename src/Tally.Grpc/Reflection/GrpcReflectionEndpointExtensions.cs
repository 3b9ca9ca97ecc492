using Microsoft.AspNetCore.Routing;
using Tally.Rpc.Reflection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps server reflection.</summary>
public static class GrpcReflectionEndpointRouteBuilderExtensions
{
    /// <summary>Tells whoever asks which services and messages this server has, so that tools work without protos. v1, and v1alpha for older tools.</summary>
    public static GrpcServiceEndpointConventionBuilder MapGrpcReflectionService(this IEndpointRouteBuilder builder)
    {
        builder.MapGrpcService<ReflectionService>(ReflectionService.AlphaName);
        return builder.MapGrpcService<ReflectionService>();
    }
}
