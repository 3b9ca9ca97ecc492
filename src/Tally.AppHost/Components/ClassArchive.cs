using System.Security.Cryptography;
using System.Text;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Components;

/// <summary>
/// Kafka's classes as Java wants them in memory: a start that maps them takes half the time. The first broker to stop cleanly writes the archive;
/// one fits a Kafka, a Java, a class path and a set of flags.
/// </summary>
internal sealed class ClassArchive
{
    private readonly string _folder;
    private readonly string _file;
    private readonly string _making;

    public ClassArchive(ToolCache cache, JavaCommand java)
    {
        var key = string.Join('\n', [java.Java.Path, java.Java.Version, java.Distribution.ClassPath, .. JavaCommand.Flags]);
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..12];
        _folder = cache.PathOf("classes");
        _file = Path.Combine(_folder, $"kafka-{java.Distribution.Version}-java-{java.Java.Version}-{hash}.jsa");
        _making = $"{_file}.{Environment.ProcessId}-{Guid.NewGuid():N}";
    }

    /// <summary>Whether this run's broker writes the archive when it stops.</summary>
    public bool IsMade { get; private set; }

    /// <summary>The option for the next start.</summary>
    public string Option()
    {
        IsMade = !File.Exists(_file);
        if (!IsMade)
        {
            return "-XX:SharedArchiveFile=" + _file;
        }

        Directory.CreateDirectory(_folder);
        return "-XX:ArchiveClassesAtExit=" + _making;
    }

    /// <summary>Puts what a stopped broker wrote into its place.</summary>
    /// <param name="clean">Whether the broker had the time to write it whole.</param>
    public void Keep(bool clean)
    {
        if (!IsMade || !File.Exists(_making))
        {
            return;
        }

        if (clean)
        {
            File.Move(_making, _file, overwrite: true);
        }
        else
        {
            File.Delete(_making);
        }
    }
}
