using System.Globalization;
using Tally.AppHost.Components.Processes;

namespace Tally.AppHost.Tests.Support;

/// <summary>Looks at other processes.</summary>
internal static class Processes
{
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    /// <summary>Whether a process is there and isn't only waiting to be reaped.</summary>
    public static bool IsAlive(int pid) => ProcessTable.StartTicks(pid) != 0;

    public static void Kill(int pid) => _ = Libc.Kill(pid, Libc.SigKill);

    /// <summary>A field of a process's stat file, counted from 1 as its manual does.</summary>
    public static string Stat(int pid, int field)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[field - 3];
    }

    /// <summary>A number of a process's status file, as <c>VmRSS</c> (in KiB) or <c>Threads</c>.</summary>
    public static long Status(int pid, string name)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith($"{name}:", StringComparison.Ordinal));
        return long.Parse(line.Split((char[])[':', '\t', ' '], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
