using System.Diagnostics;

namespace Tally.Grpc.Tests.Support;

/// <summary>gRPC for JavaScript, installed once by npm into the user's cache folder.</summary>
internal static class GrpcJs
{
    private const string Package = "@grpc/grpc-js@1.14.7";
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(1);
    private static readonly Lazy<string?> Installed = new(Install);

    /// <summary>The folder that holds it, or null where it can't be had.</summary>
    public static string? Folder => Installed.Value;

    private static string? Install()
    {
        if (ExternalProgram.Find("node") is null || ExternalProgram.Find("npm") is not { } npm)
        {
            return null;
        }

        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var folder = Path.Combine(cache, "tally", "tests", Package.Replace('/', '-'));
        var mark = Path.Combine(folder, "installed");
        if (File.Exists(mark))
        {
            return folder;
        }

        Directory.CreateDirectory(folder);
        using var install = Process.Start(new ProcessStartInfo(npm, ["install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, Package]))!;
        if (!install.WaitForExit(InstallLimit))
        {
            install.Kill(entireProcessTree: true);
            return null;
        }

        if (install.ExitCode != 0)
        {
            return null;
        }

        File.WriteAllText(mark, Package);
        return folder;
    }
}

/// <summary>A test that needs gRPC for JavaScript, and is skipped where npm can't get it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactWithGrpcJsAttribute : FactAttribute
{
    public FactWithGrpcJsAttribute() => Skip = GrpcJs.Folder is null ? "npm can't install @grpc/grpc-js here." : null;
}
