using Tally.AppHost.Components;
using Tally.AppHost.Components.Processes;

namespace Tally.AppHost.Tests.Support;

/// <summary>A component that is a line of shell: it answers when its log says "ready".</summary>
/// <param name="folder">Where its log is.</param>
/// <param name="script">The line.</param>
internal sealed class ShellComponent(string folder, string script) : Component("shell")
{
    public override string LogFile => Path.Combine(folder, "shell.log");

    public override TimeSpan StopPatience => TimeSpan.FromSeconds(1);

    public override TimeSpan StartPatience => Patience;

    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Thrown instead of waiting, once its log says "ready".</summary>
    public Exception? Fault { get; init; }

    public int Starts { get; private set; }

    public bool? WasStoppedCleanly { get; private set; }

    public override Task<LaunchPlan> PlanAsync(CancellationToken cancellationToken)
    {
        Starts++;
        return Task.FromResult(new LaunchPlan("/bin/sh", ["-c", script], LogFile));
    }

    public override async Task WaitUntilReadyAsync(ComponentStart start, CancellationToken cancellationToken)
    {
        await start.Log.WaitForAsync("ready", cancellationToken);
        if (Fault is not null)
        {
            throw Fault;
        }
    }

    public override bool MayTryAgain(ExitStatus status) => status.Code != 2;

    public override void Stopped(bool clean) => WasStoppedCleanly = clean;
}
