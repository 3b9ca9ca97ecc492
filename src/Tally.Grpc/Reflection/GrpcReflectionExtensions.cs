using Microsoft.Extensions.DependencyInjection.Extensions;
using Tally.Rpc.Reflection;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds server reflection.</summary>
public static class GrpcReflectionServiceExtensions
{
    /// <summary>Adds what <c>MapGrpcReflectionService</c> needs.</summary>
    public static IServiceCollection AddGrpcReflection(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton<ReflectionService>();
        return services;
    }
}
