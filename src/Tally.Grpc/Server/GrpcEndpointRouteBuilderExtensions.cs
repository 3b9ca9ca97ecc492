using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tally.Rpc.Server;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps gRPC services to a server.</summary>
public static class GrpcEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Serves <typeparamref name="TService"/>, which derives from a generated service base. When it is registered as a singleton, that
    /// one object answers all calls (the fast way); registered otherwise it is resolved for each call, and not registered at all it is made for each call.
    /// </summary>
    /// <exception cref="InvalidOperationException"><c>AddGrpc</c> was not called, or the type derives from no generated base.</exception>
    public static GrpcServiceEndpointConventionBuilder MapGrpcService<TService>(this IEndpointRouteBuilder builder)
        where TService : class =>
        builder.MapGrpcService<TService>(serviceName: null);

    /// <summary>The same under another name than the service has in its proto.</summary>
    internal static GrpcServiceEndpointConventionBuilder MapGrpcService<TService>(this IEndpointRouteBuilder builder, string? serviceName)
        where TService : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        var factory = builder.ServiceProvider.GetService<ServerMethodFactory>()
            ?? throw new InvalidOperationException("Call services.AddGrpc() before app.MapGrpcService<T>().");

        builder.ServiceProvider.GetRequiredService<UnknownMethods>().Map(builder);
        return new GrpcServiceEndpointConventionBuilder(
            [.. factory.MethodsOf<TService>(serviceName).Select(method => builder.MapGrpcMethod(typeof(TService), method))]);
    }

    private static IEndpointConventionBuilder MapGrpcMethod(this IEndpointRouteBuilder builder, Type service, IServerMethod method) =>
        builder.MapMethods(method.Description.FullName, [HttpMethods.Post], method.HandleAsync)
            .WithDisplayName($"gRPC - {method.Description.FullName}")
            .WithMetadata(new GrpcMethodMetadata(service, method.Description));
}
