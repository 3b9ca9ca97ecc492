using Tally.AppHost.Components;

namespace Tally.AppHost.Hosting;

/// <summary>Where things lie in a data folder.</summary>
/// <param name="Path">The data folder.</param>
internal sealed record SystemFolder(string Path)
{
    /// <summary>Who leads the system, and what runs where.</summary>
    public string StateFile => In("system.json");

    /// <summary>How to reach the databases and Kafka.</summary>
    public string ConnectionsFile => In("connections.json");

    /// <summary>Held by the process that leads the system.</summary>
    public string LockFile => In("supervisor.lock");

    /// <summary>The components' logs.</summary>
    public string Logs => In("logs");

    /// <summary>What a system keeps in its folder. Nothing else there is touched.</summary>
    private static readonly string[] Own = ["system.json", "connections.json", "supervisor.lock", "logs", "grafana", "kafka", "postgres", "prometheus", "zookeeper"];

    /// <summary>A folder of a component.</summary>
    /// <param name="name">Its name.</param>
    public string In(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>The log of a component.</summary>
    /// <param name="name">Its name.</param>
    public string Log(string name) => System.IO.Path.Combine(Logs, name + ".log");

    /// <summary>Makes the folder, and sees whether it can be written to and has room.</summary>
    /// <exception cref="SystemProblemException">It can't, has none, or holds something else.</exception>
    public void Prepare()
    {
        ThrowIfForeign();
        try
        {
            // Only its owner reads it: it holds data, and logs may quote some.
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(Path);
            }
            else
            {
                Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            Directory.CreateDirectory(Logs);
            var probe = In($".probe-{Environment.ProcessId}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
            ThrowIfFull(new DriveInfo(Path).AvailableFreeSpace);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new SystemProblemException(
                "data", $"The data folder '{Path}' can't be written to: {problem.Message} Make it writable, or name another one with --data.", problem);
        }
    }

    /// <summary>Why no second system starts here.</summary>
    /// <param name="leader">The process that leads the first; null while it only begins.</param>
    public SystemProblemException IsTaken(int? leader) => new(
        "system",
        $"A system runs in '{Path}' already{(leader is null ? "" : $", led by process {leader}")}. "
        + $"Stop it with {SystemFiles.Command("down", Path)}, or name another folder with --data.");

    /// <summary>Removes what a system keeps here, and the folder when nothing else is in it.</summary>
    /// <exception cref="SystemProblemException">PostgreSQL's files lie elsewhere, and may be another system's.</exception>
    public void Delete()
    {
        // Where PostgreSQL runs as another user its files lie elsewhere, behind a link.
        if (OperatingSystem.IsLinux())
        {
            PostgresElsewhere.Remove(In("postgres"));
        }

        foreach (var entry in Directory.EnumerateFileSystemEntries(Path).Where(IsOwn).ToList())
        {
            if (Directory.Exists(entry) && new DirectoryInfo(entry).LinkTarget is null)
            {
                Directory.Delete(entry, recursive: true);
            }
            else
            {
                File.Delete(entry);
            }
        }

        if (!Directory.EnumerateFileSystemEntries(Path).Any())
        {
            Directory.Delete(Path);
        }
    }

    /// <summary>Puts the logs of the last run aside, so that each run's begin anew and those of the one before are still there.</summary>
    public void RotateLogs()
    {
        foreach (var log in Directory.EnumerateFiles(Logs, "*.log"))
        {
            // Written by the process that leads a system in the background: its own output, open already.
            if (System.IO.Path.GetFileName(log) != "apphost.log")
            {
                File.Move(log, log + ".1", overwrite: true);
            }
        }
    }

    private static bool IsOwn(string entry)
    {
        var name = System.IO.Path.GetFileName(entry);
        return Own.Contains(name, StringComparer.Ordinal) || name.StartsWith(".probe-", StringComparison.Ordinal)
            || Own.Any(own => name.StartsWith(own + ".", StringComparison.Ordinal));
    }

    /// <summary>What a new system writes before its first sum, with room to breathe; one that is there needs less. Without it the servers die later, in words of their own.</summary>
    private void ThrowIfFull(long free)
    {
        var needed = (File.Exists(StateFile) ? 64 : 256) * 1_048_576L;
        if (free < needed)
        {
            throw new SystemProblemException(
                "data",
                $"The disk of the data folder '{Path}' is nearly full: {free / 1_048_576} MiB are free, {needed / 1_048_576} MiB are needed. "
                + "Make room, or name a folder on another disk with --data.");
        }
    }

    private void ThrowIfForeign()
    {
        if (File.Exists(Path))
        {
            throw new SystemProblemException("data", $"'{Path}' is a file, not a folder. Name another one with --data.");
        }

        if (Directory.Exists(Path) && !File.Exists(StateFile)
            && Directory.EnumerateFileSystemEntries(Path).FirstOrDefault(entry => !IsOwn(entry)) is { } foreign)
        {
            throw new SystemProblemException(
                "data",
                $"'{Path}' is not the data folder of a system, and holds other things ('{System.IO.Path.GetFileName(foreign)}'). Name an empty or a new one with --data.");
        }
    }
}
