namespace Tally.AppHost.Components.Processes;

/// <summary>How to start a process whose output goes straight to a file.</summary>
/// <param name="File">The program: a path.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="LogFile">Where standard output and standard error go, at the end of what is there.</param>
public sealed record LaunchPlan(string File, IReadOnlyList<string> Arguments, string LogFile)
{
    /// <summary>Where it starts; the current folder when null.</summary>
    public string? WorkingFolder { get; init; }

    /// <summary>Variables beside those of this process; null as a value takes one away.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>(StringComparer.Ordinal);

    /// <summary>True leaves the process to itself when this one is gone: only for a supervisor in the background.</summary>
    public bool Outlives { get; init; }
}
