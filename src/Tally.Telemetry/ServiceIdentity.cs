using System.Reflection;
using OpenTelemetry.Resources;

namespace Tally.Telemetry;

/// <summary>Which service this process is.</summary>
/// <param name="Service">The kind of service, for example <c>calculator</c>.</param>
/// <param name="Instance">Which one of its kind, for example <c>calculator-1</c>.</param>
public sealed record ServiceIdentity(string Service, string Instance)
{
    /// <summary>The version of the program that runs.</summary>
    public string Version { get; } =
        Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>The same in OpenTelemetry's terms.</summary>
    internal ResourceBuilder Resource => ResourceBuilder.CreateDefault().AddService(Service, "tally", Version, autoGenerateServiceInstanceId: false, Instance);
}
