using System.Globalization;
using System.Text.RegularExpressions;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Toolchain;

/// <summary>The Java that runs Kafka.</summary>
/// <param name="Path">Its program.</param>
/// <param name="Version">Its version.</param>
internal sealed partial record JavaTool(string Path, string Version)
{
    /// <summary>The oldest that Kafka 4 runs on.</summary>
    public const int Oldest = 17;

    private const string Unknown = "unknown";

    /// <summary>What to do when it's missing.</summary>
    public const string HowToGet = "Install Java 17 or later (Debian: apt-get install openjdk-17-jre-headless), or set JAVA_HOME.";

    /// <summary>Finds Java in <c>JAVA_HOME</c> or on the path.</summary>
    /// <param name="cancellationToken">Stops looking.</param>
    /// <exception cref="SystemProblemException">There is none, or it's too old.</exception>
    public static async Task<JavaTool> FindAsync(CancellationToken cancellationToken)
    {
        var java = await TryFindAsync(cancellationToken)
            ?? throw new SystemProblemException("kafka", $"Kafka needs Java, but there is none in JAVA_HOME or on the PATH. {HowToGet}");
        return java.Version == Unknown
            ? throw new SystemProblemException("kafka", $"Kafka needs Java {Oldest} or later, but '{java.Path} -version' doesn't say which Java it is: does it run? {HowToGet}")
            : Major(java.Version) >= Oldest
            ? java
            : throw new SystemProblemException("kafka", $"Kafka needs Java {Oldest} or later, but {java.Path} is {java.Version}. {HowToGet}");
    }

    /// <summary>Finds Java of any version, or null.</summary>
    /// <param name="cancellationToken">Stops looking.</param>
    public static async Task<JavaTool?> TryFindAsync(CancellationToken cancellationToken)
    {
        var home = Environment.GetEnvironmentVariable("JAVA_HOME");
        var inHome = string.IsNullOrEmpty(home) ? null : System.IO.Path.Combine(home, "bin", "java");
        var path = File.Exists(inHome) ? inHome : SearchPath.Find("java");
        if (path is null)
        {
            return null;
        }

        // Asking costs 50 ms, and a link says nothing: the release file beside the program does.
        var real = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        var release = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(real)!, "..", "release");
        var text = File.Exists(release)
            ? await File.ReadAllTextAsync(release, cancellationToken)
            : string.Join('\n', (await ToolRun.RunAsync(path, ["-version"], cancellationToken)).Lines);
        var match = VersionPattern().Match(text);
        return new JavaTool(path, match.Success ? match.Groups["version"].Value : Unknown);
    }

    /// <summary>17 of 17.0.15, 8 of 1.8.0.</summary>
    /// <param name="version">The version.</param>
    internal static int Major(string version)
    {
        var parts = version.Split('.', '_', '-', '+');
        var part = parts[0] == "1" && parts.Length > 1 ? parts[1] : parts[0];
        return int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : 0;
    }

    [GeneratedRegex("(?:JAVA_VERSION=|version )\"(?<version>[^\"]+)\"", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex VersionPattern();
}
