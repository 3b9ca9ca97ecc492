using Grpc.HealthCheck;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Tally.Rpc.Health;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds <c>grpc.health.v1</c>, which answers with the host's own health checks.</summary>
public static class GrpcHealthChecksServiceExtensions
{
    /// <summary>
    /// Adds what <c>MapGrpcHealthChecksService</c> needs. Add checks to what is returned, or anywhere else by <c>AddHealthChecks()</c>.
    /// They are run every five seconds for those who watch, and for each one who checks.
    /// </summary>
    public static IHealthChecksBuilder AddGrpcHealthChecks(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton<HealthServiceImpl>();
        services.TryAddSingleton<HostHealthService>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHealthCheckPublisher, HealthPublisher>());
        services.Configure<HealthCheckPublisherOptions>(options => (options.Delay, options.Period) = (TimeSpan.Zero, TimeSpan.FromSeconds(5)));
        return services.AddHealthChecks();
    }
}
