using System.Runtime.InteropServices;

namespace Tally.AppHost.Components.Processes;

/// <summary>A child that was spawned without .NET's process class, and so is waited for by a thread of its own.</summary>
internal sealed class PosixProcess : ChildProcess
{
    private const int Interrupted = 4;
    private readonly TaskCompletionSource<ExitStatus> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Held while the child is reaped and while it is signalled: a signal never reaches a process that got the id afterwards.
    private readonly Lock _reaping = new();
    private bool _reaped;

    public PosixProcess(int pid)
    {
        Pid = pid;
        new Thread(Wait, maxStackSize: 256 * 1024) { IsBackground = true, Name = $"wait for {pid}" }.Start();
    }

    public override int Pid { get; }

    public override Task<ExitStatus> Exited => _exited.Task;

    public override void Signal(int signal)
    {
        lock (_reaping)
        {
            if (!_reaped)
            {
                _ = Libc.Kill(Pid, signal);
            }
        }
    }

    private void Wait()
    {
        var information = Marshal.AllocHGlobal(256);
        while (Libc.WaitId(Libc.WaitForPid, Pid, information, Libc.WaitExited | Libc.WaitNoReap) != 0
            && Marshal.GetLastPInvokeError() == Interrupted)
        {
        }

        Marshal.FreeHGlobal(information);
        int reaped, status;
        lock (_reaping)
        {
            reaped = Libc.WaitPid(Pid, out status, 0);
            _reaped = true;
        }

        // Where SIGCHLD was ignored when this program started, the system reaps and nobody knows the status.
        _exited.SetResult(reaped == Pid ? ExitStatus.FromWaitStatus(status) : new ExitStatus(-1, 0));
    }
}
