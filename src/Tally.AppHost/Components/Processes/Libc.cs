using System.Runtime.InteropServices;

namespace Tally.AppHost.Components.Processes;

/// <summary>What .NET's own process class can't do: start a child in a session of its own, with its output in a file.</summary>
internal static class Libc
{
    public const int SigInt = 2;
    public const int SigKill = 9;
    public const int SigTerm = 15;

    public static readonly int SigStop = OperatingSystem.IsMacOS() ? 17 : 19;
    public static readonly int SigContinue = OperatingSystem.IsMacOS() ? 19 : 18;

    public const int WaitForPid = 1;
    public const int WaitExited = 4;
    public static readonly int WaitNoReap = OperatingSystem.IsMacOS() ? 0x20 : 0x01000000;

    public const short SpawnSetSignalDefaults = 0x04;
    public const short SpawnSetSignalMask = 0x08;
    public static readonly short SpawnSetSession = (short)(OperatingSystem.IsMacOS() ? 0x400 : 0x80);

    public const int OpenRead = 0;
    public static readonly int OpenAppend = OperatingSystem.IsMacOS() ? 0x1 | 0x8 | 0x200 : 0x1 | 0x400 | 0x40;

    [DllImport("libc", EntryPoint = "posix_spawn")]
    public static extern int Spawn(out int pid, byte[] path, nint fileActions, nint attributes, nint argv, nint envp);

    [DllImport("libc", EntryPoint = "posix_spawnattr_init")]
    public static extern int AttributesInit(nint attributes);

    [DllImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    public static extern int AttributesSetFlags(nint attributes, short flags);

    [DllImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    public static extern int AttributesSetSignalDefaults(nint attributes, nint signals);

    [DllImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    public static extern int AttributesSetSignalMask(nint attributes, nint signals);

    [DllImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    public static extern int AttributesDestroy(nint attributes);

    [DllImport("libc", EntryPoint = "sigfillset")]
    public static extern int SignalsFill(nint signals);

    [DllImport("libc", EntryPoint = "sigemptyset")]
    public static extern int SignalsEmpty(nint signals);

    [DllImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    public static extern int ActionsInit(nint actions);

    [DllImport("libc", EntryPoint = "posix_spawn_file_actions_addopen")]
    public static extern int ActionsOpen(nint actions, int descriptor, byte[] path, int flags, int mode);

    [DllImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static extern int ActionsDuplicate(nint actions, int descriptor, int target);

    [DllImport("libc", EntryPoint = "posix_spawn_file_actions_addchdir_np")]
    public static extern int ActionsChangeFolder(nint actions, byte[] path);

    [DllImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    public static extern int ActionsDestroy(nint actions);

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static extern int Kill(int pid, int signal);

    [DllImport("libc", EntryPoint = "waitid", SetLastError = true)]
    public static extern int WaitId(int kind, int pid, nint information, int options);

    [DllImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    public static extern int WaitPid(int pid, out int status, int options);

    [DllImport("libc", EntryPoint = "geteuid")]
    public static extern uint EffectiveUser();
}
