using Tally.AppHost.Components;
using Tally.AppHost.Components.Processes;

namespace Tally.AppHost.Hosting;

/// <summary>What is done to a system from outside: start it in the background, stop it, throw it away.</summary>
public static class SystemControl
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <summary>Starts this program again with <paramref name="arguments"/> in a session of its own, and waits until its system is ready.</summary>
    /// <param name="dataFolder">The system's data folder; the output goes to its <c>logs/apphost.log</c>.</param>
    /// <param name="arguments">What the program is called with: <c>up --data DIR …</c>, without <c>--detach</c>.</param>
    /// <param name="reporter">Told what the other process reports.</param>
    /// <param name="cancellationToken">Stops waiting, and the system with it.</param>
    /// <exception cref="SystemProblemException">It wasn't ready; the message says what the other process said.</exception>
    public static async Task<SystemState> StartDetachedAsync(
        string dataFolder, IReadOnlyList<string> arguments, IStartReporter reporter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(reporter);
        var folder = new SystemFolder(Path.GetFullPath(dataFolder));
        folder.Prepare();
        if (SystemFiles.TryReadState(folder.Path) is { } running && SystemFiles.IsRunning(running))
        {
            throw folder.IsTaken(running.Pid);
        }

        var logFile = folder.Log("apphost");
        var log = LogTail.FromNow(logFile);
        var program = Environment.ProcessPath!;
        var prefix = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : Array.Empty<string>();
        var process = ProcessLauncher.Start(new LaunchPlan(program, [.. prefix, .. arguments], logFile) { Outlives = true });
        try
        {
            while (!process.Exited.IsCompleted)
            {
                if (SystemFiles.TryReadState(folder.Path) is { State: SystemPhase.Ready } state && state.Pid == process.Pid)
                {
                    return state;
                }

                await Task.WhenAny(process.Exited, Task.Delay(Poll, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException)
        {
            process.Signal(Libc.SigTerm);
            throw;
        }

        var status = await process.Exited;
        var found = SystemFiles.TryReadState(folder.Path);
        throw new SystemProblemException(
            "system",
            (found?.Pid == process.Pid ? found.Problem : null) ?? $"The system in the background ended before it was ready ({status}). See {logFile}.")
        {
            LogLines = log.LastLines(20),
            ExitCode = status.Code == 2 ? 2 : 3,
        };
    }

    /// <summary>Asks the system to stop, and waits until it has.</summary>
    /// <param name="dataFolder">The data folder.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>False when nothing ran.</returns>
    public static async Task<bool> StopAsync(string dataFolder, CancellationToken cancellationToken)
    {
        if (SystemFiles.TryReadState(dataFolder) is not { } state || !SystemFiles.IsRunning(state))
        {
            return false;
        }

        if (OperatingSystem.IsWindows())
        {
            using var leader = System.Diagnostics.Process.GetProcessById(state.Pid);
            leader.Kill(entireProcessTree: true);
        }
        else
        {
            _ = Libc.Kill(state.Pid, Libc.SigTerm);
        }

        while (SystemFiles.IsRunning(state))
        {
            await Task.Delay(Poll, cancellationToken);
        }

        return true;
    }

    /// <summary>Throws the data of a stopped system away, also what it made on servers that aren't its own.</summary>
    /// <param name="dataFolder">The data folder.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="SystemProblemException">It runs, isn't a system's folder, or can't be removed.</exception>
    public static async Task DeleteAsync(string dataFolder, CancellationToken cancellationToken)
    {
        var folder = new SystemFolder(Path.GetFullPath(dataFolder));
        if (!Directory.Exists(folder.Path))
        {
            return;
        }

        if (SystemFiles.TryReadState(folder.Path) is not { } state)
        {
            throw new SystemProblemException("data", $"'{folder.Path}' isn't the data folder of a system: it has no system.json. Nothing was removed.");
        }

        if (SystemFiles.IsRunning(state) && state.State is not (SystemPhase.Stopped or SystemPhase.Failed))
        {
            throw new SystemProblemException("system", $"A system runs in '{folder.Path}'. Stop it with {SystemFiles.Command("down", dataFolder)} first.");
        }

        if (SystemFiles.TryReadConnections(folder.Path) is { } connections)
        {
            await DeleteElsewhereAsync(connections, cancellationToken);
        }

        try
        {
            folder.Delete();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new SystemProblemException("data", $"'{folder.Path}' can't be removed: {problem.Message}", problem);
        }
    }

    private static async Task DeleteElsewhereAsync(Connections connections, CancellationToken cancellationToken)
    {
        if (connections.Postgres.External)
        {
            await using var admin = await PostgresStore.ConnectAsync(connections.Postgres, cancellationToken);
            await DatabaseSetup.DropAsync(admin, $"tally_{connections.Id}_calculator", cancellationToken);
            await DatabaseSetup.DropAsync(admin, $"tally_{connections.Id}_totals", cancellationToken);
        }

        if (connections.Kafka.External && connections.Kafka.Topic.Length > 0)
        {
            await KafkaTopic.DeleteAsync(connections.Kafka, connections.Kafka.Topic, cancellationToken);
        }
    }
}
