using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Tally.Telemetry.Hosting;

/// <summary>Gives a service its two listeners.</summary>
public static class ListenerExtensions
{
    /// <summary>
    /// Listens where section <c>Listen</c> says: <c>Listen:Grpc</c> for HTTP/2 without TLS, <c>Listen:Http</c> for HTTP/1.1. Other ways to give addresses
    /// (<c>--urls</c>, <c>ASPNETCORE_URLS</c>) don't count. <see cref="Listeners"/> says the addresses afterwards. What fails on the second one is answered as
    /// <c>application/problem+json</c>.
    /// </summary>
    /// <param name="builder">The service's builder.</param>
    /// <param name="grpc">The default of <c>Listen:Grpc</c>.</param>
    /// <param name="http">The default of <c>Listen:Http</c>.</param>
    /// <returns>The builder.</returns>
    public static IHostApplicationBuilder AddTallyListeners(this IHostApplicationBuilder builder, string grpc, string http)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        services.Configure<ListenOptions>(options => (options.Grpc, options.Http) = (grpc, http));
        services.AddStrictOptions<ListenOptions>(ListenOptions.Section, Faults);
        services.AddSingleton<Listeners>();
        services.AddProblemDetails();
        services.AddTransient<IStartupFilter, ProblemAnswers>();
        services.AddOptions<KestrelServerOptions>().Configure<Listeners, IOptions<ListenOptions>>(
            (server, listeners, options) => Configure(server, listeners, options));
        return builder;
    }

    /// <summary>Keeps an endpoint off the gRPC listener: there it isn't found.</summary>
    /// <typeparam name="TBuilder">The kind of endpoint.</typeparam>
    /// <param name="endpoint">The endpoint.</param>
    /// <returns>The endpoint.</returns>
    public static TBuilder RequireHttpListener<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Finally(built =>
        {
            var answer = built.RequestDelegate!;
            built.RequestDelegate = context =>
            {
                if (context.Features.Get<GrpcListenerMark>() is null)
                {
                    return answer(context);
                }

                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            };
        });
        return endpoint;
    }

    private static void Configure(KestrelServerOptions server, Listeners listeners, IOptions<ListenOptions> options)
    {
        try
        {
            listeners.Configure(server, options.Value);
        }
        catch (OptionsValidationException)
        {
            // The server is made while the application is built. The start, which validates all options, says this fault together with the others.
        }
    }

    private static IEnumerable<string> Faults(ListenOptions options)
    {
        foreach (var (name, value) in new[] { (nameof(ListenOptions.Grpc), options.Grpc), (nameof(ListenOptions.Http), options.Http) })
        {
            if (value.Length > 0 && !ListenAddress.TryParse(value, out _))
            {
                yield return $"{ListenOptions.Section}:{name} is '{value}'; allowed: {ListenAddress.Allowed}.";
            }
        }

        if (options.Grpc == options.Http && !options.Grpc.EndsWith(":0", StringComparison.Ordinal))
        {
            yield return $"Listen:Grpc and Listen:Http are both '{options.Grpc}'; each needs a port of its own.";
        }
    }
}
