using System.Globalization;

namespace Tally.AppHost.Toolchain;

/// <summary>A Kafka to run: the jars and what they are.</summary>
/// <param name="Libraries">The folder of the jars.</param>
/// <param name="Version">Its version.</param>
/// <param name="Source">Where it comes from.</param>
internal sealed record KafkaDistribution(string Libraries, string Version, string Source)
{
    /// <summary>Whether it needs a ZooKeeper, as Kafka did before version 4.</summary>
    public bool NeedsZooKeeper => Major(Version) < 4;

    /// <summary>The jars, without those that hold no classes to run.</summary>
    public string ClassPath => string.Join(
        Path.PathSeparator,
        Directory.EnumerateFiles(Libraries, "*.jar")
            .Where(jar => !Ignored.Any(ending => jar.EndsWith(ending, StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal));

    private static string[] Ignored => ["-javadoc.jar", "-scaladoc.jar", "-sources.jar", "-test.jar", "-test-sources.jar"];

    /// <summary>The version of the distribution in a folder, or null when it holds none.</summary>
    /// <param name="libraries">The folder of the jars.</param>
    public static string? VersionIn(string libraries)
    {
        const string Prefix = "kafka-clients-";
        return Directory.Exists(libraries)
            ? Directory.EnumerateFiles(libraries, Prefix + "*.jar")
                .Select(jar => Path.GetFileNameWithoutExtension(jar)[Prefix.Length..])
                .FirstOrDefault(version => version.All(character => character == '.' || char.IsAsciiDigit(character)))
            : null;
    }

    /// <summary>The first part of a version.</summary>
    /// <param name="version">The version.</param>
    internal static int Major(string version) => int.Parse(version.AsSpan(0, version.IndexOf('.', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
}
