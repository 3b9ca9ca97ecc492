using Microsoft.Extensions.DependencyInjection;

namespace Tally.Rpc.Server;

/// <summary>Remembers how services were registered, which a service provider does not tell.</summary>
internal sealed class ServiceLifetimes(IServiceCollection services)
{
    /// <summary>The lifetime, or null when the type is not registered.</summary>
    public ServiceLifetime? Of(Type type) => services.LastOrDefault(service => service.ServiceType == type && !service.IsKeyedService)?.Lifetime;
}
