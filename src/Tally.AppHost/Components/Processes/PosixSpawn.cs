using System.Collections;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace Tally.AppHost.Components.Processes;

/// <summary>Starts a child in a session of its own: Ctrl-C in the terminal reaches this process alone, which then stops its children in order.</summary>
internal static class PosixSpawn
{
    // The C library's structures are opaque; the largest (glibc's attributes) has 336 bytes.
    private const int StructureBytes = 1024;

    /// <summary>Starts a child.</summary>
    /// <param name="plan">What to start; its log file is where the output goes.</param>
    /// <param name="input">A descriptor that becomes its standard input, or -1 for an empty one.</param>
    /// <param name="environment">All of its variables.</param>
    /// <returns>The process id.</returns>
    public static int Start(LaunchPlan plan, int input, IReadOnlyDictionary<string, string> environment)
    {
        var attributes = Marshal.AllocHGlobal(StructureBytes);
        var actions = Marshal.AllocHGlobal(StructureBytes);
        using var argv = new StringVector([plan.File, .. plan.Arguments]);
        using var envp = new StringVector(environment.Select(variable => $"{variable.Key}={variable.Value}"));
        try
        {
            Check(Libc.AttributesInit(attributes), plan);
            SetAttributes(attributes, plan);
            Check(Libc.ActionsInit(actions), plan);
            SetActions(actions, plan, input);
            Check(Libc.Spawn(out var pid, Text(plan.File), actions, attributes, argv.Pointer, envp.Pointer), plan);
            _ = Libc.ActionsDestroy(actions);
            _ = Libc.AttributesDestroy(attributes);
            return pid;
        }
        finally
        {
            Marshal.FreeHGlobal(attributes);
            Marshal.FreeHGlobal(actions);
        }
    }

    private static void SetAttributes(nint attributes, LaunchPlan plan)
    {
        var signals = Marshal.AllocHGlobal(StructureBytes);
        try
        {
            // .NET ignores SIGPIPE and blocks others in some threads; a child must not inherit that.
            _ = Libc.SignalsFill(signals);
            Check(Libc.AttributesSetSignalDefaults(attributes, signals), plan);
            _ = Libc.SignalsEmpty(signals);
            Check(Libc.AttributesSetSignalMask(attributes, signals), plan);
        }
        finally
        {
            Marshal.FreeHGlobal(signals);
        }

        var flags = (short)(Libc.SpawnSetSession | Libc.SpawnSetSignalDefaults | Libc.SpawnSetSignalMask);
        Check(Libc.AttributesSetFlags(attributes, flags), plan);
    }

    private static void SetActions(nint actions, LaunchPlan plan, int input)
    {
        const int OwnerOnly = 0x180; // 0600: logs may quote what was sent
        Check(input < 0 ? Libc.ActionsOpen(actions, 0, Text("/dev/null"), Libc.OpenRead, 0) : Libc.ActionsDuplicate(actions, input, 0), plan);
        Check(Libc.ActionsOpen(actions, 1, Text(plan.LogFile), Libc.OpenAppend, OwnerOnly), plan);
        Check(Libc.ActionsDuplicate(actions, 1, 2), plan);
        if (plan.WorkingFolder is not null)
        {
            Check(Libc.ActionsChangeFolder(actions, Text(plan.WorkingFolder)), plan);
        }
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text + '\0');

    private static void Check(int error, LaunchPlan plan)
    {
        if (error != 0)
        {
            throw new Win32Exception(error, $"'{plan.File}' couldn't be started: {new Win32Exception(error).Message}.");
        }
    }

    /// <summary>This process's variables with those of a plan over them.</summary>
    /// <param name="overrides">The plan's variables.</param>
    public static Dictionary<string, string> Environment(IReadOnlyDictionary<string, string?> overrides)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            all[(string)variable.Key] = (string?)variable.Value ?? "";
        }

        foreach (var (name, value) in overrides)
        {
            _ = value is null ? all.Remove(name) : (all[name] = value) is not null;
        }

        return all;
    }
}
