namespace Tally.AppHost.Components.Processes;

/// <summary>A process this one started.</summary>
public abstract class ChildProcess
{
    /// <summary>Its process id.</summary>
    public abstract int Pid { get; }

    /// <summary>Completes when it has ended.</summary>
    public abstract Task<ExitStatus> Exited { get; }

    /// <summary>Sends a signal; does nothing when it has ended.</summary>
    /// <param name="signal">The signal's number.</param>
    public abstract void Signal(int signal);

    /// <summary>Ends it at once.</summary>
    public void Kill() => Signal(Libc.SigKill);

    /// <summary>Ends it and its children at once, as if the machine lost its power.</summary>
    public void KillTree()
    {
        // Stopped first: it starts no more children while they are looked for, and doesn't see them die.
        Signal(Libc.SigStop);
        var children = ProcessTable.ChildrenOf(Pid);
        Kill();
        SignalAll(children, Libc.SigKill);
    }

    /// <summary>Stops it and its children in their tracks, as if the machine had no time for them.</summary>
    public void Freeze()
    {
        Signal(Libc.SigStop);
        SignalAll(ProcessTable.ChildrenOf(Pid), Libc.SigStop);
    }

    /// <summary>Takes <see cref="Freeze"/> back.</summary>
    public void Thaw()
    {
        SignalAll(ProcessTable.ChildrenOf(Pid), Libc.SigContinue);
        Signal(Libc.SigContinue);
    }

    private static void SignalAll(IEnumerable<int> processes, int signal)
    {
        foreach (var process in processes)
        {
            _ = Libc.Kill(process, signal);
        }
    }

    /// <summary>Asks it to end, waits, and kills it when the time is up.</summary>
    /// <param name="signal">What asks it.</param>
    /// <param name="patience">How long it may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="atOnce">Cancelled when there is no more time.</param>
    /// <returns>Whether it ended by itself.</returns>
    public async Task<bool> StopAsync(int signal, TimeSpan patience, TimeProvider time, CancellationToken atOnce)
    {
        Signal(signal);
        try
        {
            await Exited.WaitAsync(patience, time, atOnce);
            return true;
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            Kill();
            await Exited;
            return false;
        }
    }
}
