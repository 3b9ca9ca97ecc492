using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Tally.Rpc.Server;

/// <summary>Gives the object that answers a call, and takes it back.</summary>
internal abstract class ServiceSource<TService>
    where TService : class
{
    public static ServiceSource<TService> For(ServiceLifetime? lifetime, IServiceProvider root) => lifetime switch
    {
        ServiceLifetime.Singleton => new Shared(root),
        null => new Made(),
        _ => new Resolved(),
    };

    public abstract TService Get(HttpContext http);

    public virtual ValueTask ReturnAsync(TService service) => default;

    /// <summary>One object for all calls, resolved at the first one.</summary>
    private sealed class Shared(IServiceProvider root) : ServiceSource<TService>
    {
        private TService? _service;

        public override TService Get(HttpContext http) => _service ??= root.GetRequiredService<TService>();
    }

    /// <summary>Resolved for each call; the request's scope disposes of it.</summary>
    private sealed class Resolved : ServiceSource<TService>
    {
        public override TService Get(HttpContext http) => http.RequestServices.GetRequiredService<TService>();
    }

    /// <summary>Not registered: made for each call, and disposed of after it.</summary>
    private sealed class Made : ServiceSource<TService>
    {
        private readonly ObjectFactory<TService> _make = ActivatorUtilities.CreateFactory<TService>([]);

        public override TService Get(HttpContext http) => _make(http.RequestServices, []);

        public override ValueTask ReturnAsync(TService service)
        {
            if (service is IAsyncDisposable async)
            {
                return async.DisposeAsync();
            }

            (service as IDisposable)?.Dispose();
            return default;
        }
    }
}
