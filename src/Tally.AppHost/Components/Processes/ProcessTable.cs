using System.Globalization;

namespace Tally.AppHost.Components.Processes;

/// <summary>What the system knows of other processes.</summary>
internal static class ProcessTable
{
    /// <summary>When a process started, in clock ticks since boot (field 22 of its stat file), or 0 when there is none or nobody can say.</summary>
    /// <param name="pid">Its process id.</param>
    public static long StartTicks(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");

            // The name in parentheses may itself hold spaces and parentheses.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? 0 : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return OperatingSystem.IsLinux() ? 0 : PortableStart(pid);
        }
    }

    /// <summary>The program a process runs, also when its file was removed or replaced meanwhile; null when nobody can say.</summary>
    /// <param name="pid">Its process id.</param>
    public static string? Program(int pid)
    {
        const string removed = " (deleted)";
        try
        {
            var program = File.ResolveLinkTarget($"/proc/{pid}/exe", returnFinalTarget: false)?.FullName;
            return program?.EndsWith(removed, StringComparison.Ordinal) == true ? program[..^removed.Length] : program;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The short name of a process, which also those may read who may not see its program; null when nobody can say.</summary>
    /// <param name="pid">Its process id.</param>
    public static string? Name(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm").TrimEnd('\n');
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The processes that a process started and that are still there; none where nobody can say.</summary>
    /// <param name="pid">Its process id.</param>
    public static IReadOnlyList<int> ChildrenOf(int pid)
    {
        if (!OperatingSystem.IsLinux())
        {
            return [];
        }

        return [.. All().Where(other => ParentOf(other) == pid)];
    }

    /// <summary>All processes; none where nobody can say.</summary>
    public static IEnumerable<int> All()
    {
        foreach (var folder in OperatingSystem.IsLinux() ? Directory.EnumerateDirectories("/proc") : [])
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid))
            {
                yield return pid;
            }
        }
    }

    /// <summary>The folder that a process works in, as a path without links; null when nobody can say.</summary>
    /// <param name="pid">Its process id.</param>
    public static string? WorkingFolder(int pid)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{pid}/cwd", returnFinalTarget: false)?.FullName;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static int ParentOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static long PortableStart(int pid)
    {
        try
        {
            using var process = System.Diagnostics.Process.GetProcessById(pid);
            return process.StartTime.Ticks;
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return 0;
        }
    }
}
