using System.IO.Pipes;

namespace Tally.AppHost.Components.Processes;

/// <summary>
/// Sees to it that nothing is left when this process ends, however it ends. A small shell in a session of its own reads from a pipe that this
/// process holds; when the pipe ends, it stops every process that carries this one's token in its environment, and removes the folders it was
/// told of. The token, not a process id, says whose a process is: ids are used again. One for the whole process, started with the first child.
/// (PR_SET_PDEATHSIG is no alternative: it follows the thread that forked, and threads of a pool end at random.)
/// </summary>
internal static class Watchdog
{
    /// <summary>The variable that carries the token.</summary>
    public const string Variable = "TALLY_SUPERVISOR";

    private const string Script =
        """
        trap '' HUP INT QUIT TERM
        folders=
        while read -r what folder; do
          rest=
          IFS='
        '
          for other in $folders; do [ "$other" = "$folder" ] || rest="$rest
        $other"; done
          unset IFS
          folders=$rest
          [ "$what" = remove ] && folders="$folders
        $folder"
        done
        round=0
        while :; do
          found=
          for file in $(grep -lsF "$1" /proc/[0-9]*/environ); do
            found=1 pid=${file#/proc/}
            [ $round = 0 ] && kill -s INT "${pid%/environ}"
            [ $round -ge 30 ] && kill -s KILL "${pid%/environ}"
          done 2>/dev/null
          [ -z "$found" ] && break
          round=$((round + 1))
          sleep 0.1
        done
        IFS='
        '
        for folder in $folders; do rm -rf -- "$folder"; done
        """;

    private static readonly Lock Gate = new();
    private static StreamWriter? _pipe;
    private static ChildProcess? _shell;
    private static readonly HashSet<string> Folders = new(StringComparer.Ordinal);

    /// <summary>What children of this process carry in <see cref="Variable"/>. Asking for it starts the watchdog.</summary>
    public static string Token
    {
        get
        {
            lock (Gate)
            {
                EnsureStarted_NeedsLock();
                return OwnToken;
            }
        }
    }

    /// <summary>The watchdog's process id, or 0 before it is needed.</summary>
    public static int Pid => _shell?.Pid ?? 0;

    private static string OwnToken { get; } = Guid.NewGuid().ToString("N");

    /// <summary>Has a folder removed when this process ends.</summary>
    /// <param name="folder">The folder.</param>
    public static void RemoveAtEnd(string folder) => Tell("remove", folder);

    /// <summary>Takes <see cref="RemoveAtEnd"/> back.</summary>
    /// <param name="folder">The folder.</param>
    public static void Keep(string folder) => Tell("keep", folder);

    private static void Tell(string what, string folder)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        lock (Gate)
        {
            _ = what == "remove" ? Folders.Add(folder) : Folders.Remove(folder);
            EnsureStarted_NeedsLock();
            _pipe!.WriteLine($"{what} {folder}");
        }
    }

    private static void EnsureStarted_NeedsLock()
    {
        // Only Linux shows the environment of a process in its file system.
        if (!OperatingSystem.IsLinux() || _shell is { Exited.IsCompleted: false })
        {
            return;
        }

        _pipe?.Dispose();
        var pipe = new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.None);
        var plan = new LaunchPlan("/bin/sh", ["-c", Script, "tally-watchdog", $"{Variable}={OwnToken}"], "/dev/null") { WorkingFolder = "/" };

        // It must not carry the token of a supervisor above this one either: it has work to do after that one's sweep.
        var variables = PosixSpawn.Environment(new Dictionary<string, string?>(StringComparer.Ordinal) { [Variable] = null });
        _shell = new PosixProcess(PosixSpawn.Start(plan, (int)pipe.ClientSafePipeHandle.DangerousGetHandle(), variables));
        pipe.DisposeLocalCopyOfClientHandle();
        _pipe = new StreamWriter(pipe) { AutoFlush = true };
        foreach (var folder in Folders)
        {
            _pipe.WriteLine($"remove {folder}");
        }

        // Should it die, a new one takes over.
        _ = _shell.Exited.ContinueWith(_ => Token, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }
}
