using System.Reflection;

namespace Tally.Telemetry;

/// <summary>Which service this process is.</summary>
/// <param name="Service">The kind of service, for example <c>calculator</c>.</param>
/// <param name="Instance">Which one of its kind, for example <c>calculator-1</c>.</param>
public sealed record ServiceIdentity(string Service, string Instance)
{
    /// <summary>The version of the program that runs.</summary>
    public string Version { get; } =
        Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
