using Google.Protobuf.Reflection;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Routing;

namespace Tally.Rpc.Server;

/// <summary>Which services a server has, read off its endpoints.</summary>
internal static class ServedServices
{
    /// <summary>The full names, in order.</summary>
    public static IReadOnlyList<string> NamesIn(EndpointDataSource endpoints) =>
        [.. MethodsIn(endpoints).Select(method => method.Method.ServiceName).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Their descriptions from their protos.</summary>
    public static IReadOnlyList<ServiceDescriptor> DescriptorsIn(EndpointDataSource endpoints) =>
        [.. MethodsIn(endpoints).Select(method => method.ServiceType).Distinct().Select(GeneratedService.DescriptorOf).OfType<ServiceDescriptor>()];

    private static IEnumerable<GrpcMethodMetadata> MethodsIn(EndpointDataSource endpoints) =>
        endpoints.Endpoints.Select(endpoint => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()).OfType<GrpcMethodMetadata>();
}
