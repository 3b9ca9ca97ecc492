using System.Diagnostics;

namespace Tally.EndToEnd.Tests;

/// <summary>Signals to processes that these tests started, by their ids.</summary>
internal static class Signals
{
    public static Task KillAsync(int pid) => SendAsync("KILL", pid);

    public static Task InterruptAsync(int pid) => SendAsync("INT", pid);

    /// <summary>Stops a process in its tracks, as if its machine had no time for it.</summary>
    public static Task FreezeAsync(int pid) => SendAsync("STOP", pid);

    public static Task ThawAsync(int pid) => SendAsync("CONT", pid);

    public static bool IsAlive(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static async Task SendAsync(string signal, int pid)
    {
        using var kill = Process.Start("kill", [$"-{signal}", pid.ToString()]);
        await kill.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, kill.ExitCode);
    }
}
