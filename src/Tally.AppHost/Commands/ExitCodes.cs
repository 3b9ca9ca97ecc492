namespace Tally.AppHost.Commands;

/// <summary>How the program ends.</summary>
internal static class ExitCodes
{
    /// <summary>What was asked is done.</summary>
    public const int Done = 0;

    /// <summary>The check or the call failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line or a setting is wrong.</summary>
    public const int Usage = 2;

    /// <summary>A component couldn't be started, or no system runs.</summary>
    public const int NotRunning = 3;

    /// <summary>Stopped by a signal before it was done.</summary>
    public const int Interrupted = 130;
}
