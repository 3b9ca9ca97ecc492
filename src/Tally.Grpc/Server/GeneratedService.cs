using System.Reflection;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Tally.Rpc.Server;

/// <summary>What the generated code of a service offers, found through the attribute on its base class.</summary>
internal static class GeneratedService
{
    /// <summary>The static <c>BindService(ServiceBinderBase, …Base)</c>.</summary>
    public static MethodInfo BindMethodOf(Type service)
    {
        for (var type = service; type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is { } binding)
            {
                return binding.BindType.GetMethod(
                        binding.BindMethodName, BindingFlags.Public | BindingFlags.Static | BindingFlags.NonPublic, [typeof(ServiceBinderBase), type])
                    ?? throw new InvalidOperationException($"{binding.BindType} has no method {binding.BindMethodName}({nameof(ServiceBinderBase)}, {type}).");
            }
        }

        throw new InvalidOperationException($"{service} derives from no generated service base, so it can't be served.");
    }

    /// <summary>The description of the service from its proto, or null when it was not generated from one.</summary>
    public static ServiceDescriptor? DescriptorOf(Type service) =>
        BindMethodOf(service).DeclaringType!.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as ServiceDescriptor;
}
