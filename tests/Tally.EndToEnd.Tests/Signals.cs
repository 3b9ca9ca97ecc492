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

    /// <summary>The same for a process and its children.</summary>
    public static async Task FreezeTreeAsync(int pid)
    {
        await FreezeAsync(pid);
        await ToChildrenAsync("STOP", pid);
    }

    public static async Task ThawTreeAsync(int pid)
    {
        await ThawAsync(pid);
        await ToChildrenAsync("CONT", pid);
    }

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

    private static Task SendAsync(string signal, int pid) => RunAsync("kill", $"-{signal}", pid.ToString());

    private static Task ToChildrenAsync(string signal, int pid) => RunAsync("pkill", $"-{signal}", "-P", pid.ToString());

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var kill = Process.Start(program, arguments);
        await kill.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, kill.ExitCode);
    }
}
