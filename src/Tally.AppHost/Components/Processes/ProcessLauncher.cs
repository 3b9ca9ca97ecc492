using System.ComponentModel;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Components.Processes;

/// <summary>Starts processes that can't outlive this one, unless that is wanted.</summary>
public static class ProcessLauncher
{
    /// <summary>Starts a process.</summary>
    /// <param name="plan">What, and how.</param>
    /// <exception cref="SystemProblemException">The program isn't there or can't be run, or the log can't be written.</exception>
    public static ChildProcess Start(LaunchPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                return new PortableProcess(plan);
            }

            var variables = PosixSpawn.Environment(plan.Environment);
            if (!plan.Outlives)
            {
                variables[Watchdog.Variable] = Watchdog.Token;
            }

            return new PosixProcess(PosixSpawn.Start(plan, input: -1, variables));
        }
        catch (Exception problem) when (problem is Win32Exception or IOException or UnauthorizedAccessException)
        {
            throw new SystemProblemException(Path.GetFileName(plan.File), problem.Message, problem);
        }
    }
}
