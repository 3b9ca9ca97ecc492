using Tally.AppHost.Components.Processes;

namespace Tally.AppHost.Hosting;

/// <summary>What other processes know of a system: the files in its data folder.</summary>
public static class SystemFiles
{
    /// <summary>The data folder when none is named.</summary>
    public const string UsualFolder = ".tally";

    /// <summary>What <c>system.json</c> says, or null when there is none.</summary>
    /// <param name="dataFolder">The data folder.</param>
    public static SystemState? TryReadState(string dataFolder) =>
        JsonFile.TryRead(new SystemFolder(dataFolder).StateFile, SystemJson.Default.SystemState);

    /// <summary>What <c>connections.json</c> says, or null when there is none.</summary>
    /// <param name="dataFolder">The data folder.</param>
    public static Connections? TryReadConnections(string dataFolder) =>
        JsonFile.TryRead(new SystemFolder(dataFolder).ConnectionsFile, SystemJson.Default.Connections);

    /// <summary>Whether the process that leads the system is alive (it, not another one with its id).</summary>
    /// <param name="state">What <c>system.json</c> said.</param>
    public static bool IsRunning(SystemState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var start = ProcessTable.StartTicks(state.Pid);
        return start != 0 && start == state.SupervisorStart;
    }

    /// <summary>The state of a system that runs.</summary>
    /// <param name="dataFolder">The data folder.</param>
    /// <exception cref="SystemProblemException">There is none: run ./tally up.</exception>
    public static SystemState ReadRunning(string dataFolder)
    {
        var state = TryReadState(dataFolder);
        if (state is { State: SystemPhase.Starting or SystemPhase.Ready } && IsRunning(state))
        {
            return state;
        }

        var why = state is { State: SystemPhase.Failed, Problem: { } problem } ? $" The last one ended because of this: {problem}" : "";
        throw new SystemProblemException("system", $"No system runs in '{dataFolder}': run {Command("up", dataFolder)}.{why}");
    }

    /// <summary>The log file of a component (<c>apphost</c> is the supervisor of a detached system).</summary>
    /// <param name="dataFolder">The data folder.</param>
    /// <param name="component">Its name.</param>
    public static string LogFile(string dataFolder, string component) => new SystemFolder(dataFolder).Log(component);

    /// <summary>The names that have a log.</summary>
    /// <param name="dataFolder">The data folder.</param>
    public static IReadOnlyList<string> LogNames(string dataFolder)
    {
        var logs = new SystemFolder(dataFolder).Logs;
        return Directory.Exists(logs)
            ? [.. Directory.EnumerateFiles(logs, "*.log").Select(log => Path.GetFileNameWithoutExtension(log)!).Order(StringComparer.Ordinal)]
            : [];
    }

    /// <summary>A command for this system as one would type it here: <c>./tally up --data DIR</c>, without the option where the usual folder is meant.</summary>
    internal static string Command(string name, string dataFolder) =>
        Path.TrimEndingDirectorySeparator(Path.GetFullPath(dataFolder)) == Path.GetFullPath(UsualFolder)
            ? $"./tally {name}"
            : $"./tally {name} --data {(dataFolder.Contains(' ') ? $"'{dataFolder}'" : dataFolder)}";
}
