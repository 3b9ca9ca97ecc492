using System.Diagnostics;

namespace Tally.AppHost.Components.Processes;

/// <summary>A child where there is no posix_spawn: its output is copied to the log by this process, and it can only be killed.</summary>
internal sealed class PortableProcess : ChildProcess
{
    private readonly Process _process;

    public PortableProcess(LaunchPlan plan)
    {
        var start = new ProcessStartInfo(plan.File, plan.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = plan.WorkingFolder ?? "",
        };
        foreach (var (name, value) in plan.Environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start) ?? throw new InvalidOperationException($"'{plan.File}' couldn't be started.");
        _process.StandardInput.Close();
        Pid = _process.Id;
        Exited = CopyAndWaitAsync(plan.LogFile);
    }

    public override int Pid { get; }

    public override Task<ExitStatus> Exited { get; }

    public override void Signal(int signal)
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }
    }

    private async Task<ExitStatus> CopyAndWaitAsync(string logFile)
    {
        await using (var log = TextWriter.Synchronized(new StreamWriter(logFile, append: true) { AutoFlush = true }))
        {
            await Task.WhenAll(CopyAsync(_process.StandardOutput, log), CopyAsync(_process.StandardError, log));
            await _process.WaitForExitAsync();
        }

        return new ExitStatus(_process.ExitCode, 0);
    }

    private static async Task CopyAsync(StreamReader output, TextWriter log)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            await log.WriteLineAsync(line);
        }
    }
}
