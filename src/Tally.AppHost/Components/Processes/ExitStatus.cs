using System.Runtime.InteropServices;

namespace Tally.AppHost.Components.Processes;

/// <summary>How a process ended: with a code, or by a signal.</summary>
/// <param name="Code">The exit code; 128 + signal when a signal ended it, as shells count.</param>
/// <param name="Signal">The signal, or 0.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ExitStatus(int Code, int Signal)
{
    /// <summary>Reads what waitpid gives.</summary>
    /// <param name="status">The status word.</param>
    internal static ExitStatus FromWaitStatus(int status)
    {
        var signal = status & 0x7f;
        return signal == 0 ? new ExitStatus((status >> 8) & 0xff, 0) : new ExitStatus(128 + signal, signal);
    }

    /// <inheritdoc/>
    public override string ToString() => Signal switch
    {
        0 => $"exit code {Code}",
        9 => "killed (signal 9)",
        11 => "crashed (signal 11)",
        _ => $"ended by signal {Signal}",
    };
}
