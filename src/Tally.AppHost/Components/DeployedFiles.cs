using System.Reflection;

namespace Tally.AppHost.Components;

/// <summary>What lies in <c>deploy</c>, which this program carries within it.</summary>
internal static class DeployedFiles
{
    /// <summary>Writes the files of one folder of <c>deploy</c>.</summary>
    /// <param name="name">That folder.</param>
    /// <param name="to">Where they go.</param>
    /// <param name="cancellationToken">Stops writing.</param>
    public static async Task WriteAsync(string name, string to, CancellationToken cancellationToken)
    {
        var assembly = Assembly.GetExecutingAssembly();
        var prefix = name + "/";
        foreach (var resource in assembly.GetManifestResourceNames().Where(resource => resource.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var path = Path.Combine(to, resource[prefix.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await using var carried = assembly.GetManifestResourceStream(resource)!;
            await using var file = File.Create(path);
            await carried.CopyToAsync(file, cancellationToken);
        }
    }
}
