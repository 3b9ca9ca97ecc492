using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Components;

/// <summary>One box of the system's diagram that is a process: how it is planned, how it shows that it answers, how it is stopped.</summary>
/// <param name="name">Its name in <c>system.json</c>, <c>logs</c> and reports.</param>
internal abstract class Component(string name)
{
    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Version, source and endpoints, as far as they are known.</summary>
    public ComponentState Description { get; protected set; } = new();

    /// <summary>Whether it stands in <c>system.json</c>; a part of another component doesn't.</summary>
    public virtual bool Listed => true;

    /// <summary>The signal that stops it cleanly.</summary>
    public virtual int StopSignal => Libc.SigTerm;

    /// <summary>How long a clean stop may take.</summary>
    public virtual TimeSpan StopPatience => TimeSpan.FromSeconds(10);

    /// <summary>How long it may take to answer for the first time.</summary>
    public virtual TimeSpan StartPatience => TimeSpan.FromSeconds(60);

    /// <summary>Where its output goes.</summary>
    public abstract string LogFile { get; }

    /// <summary>Says how to start it; called before each start, also after a death.</summary>
    /// <param name="cancellationToken">The system is stopped.</param>
    public abstract Task<LaunchPlan> PlanAsync(CancellationToken cancellationToken);

    /// <summary>Completes when it answers.</summary>
    /// <param name="start">The start that is waited for.</param>
    /// <param name="cancellationToken">It ended, or the system is stopped.</param>
    public abstract Task WaitUntilReadyAsync(ComponentStart start, CancellationToken cancellationToken);

    /// <summary>Why it doesn't answer yet, for people; empty when nobody knows.</summary>
    public virtual string WhyNotReady => "";

    /// <summary>Whether starting it again may help after it ended this way.</summary>
    /// <param name="status">How it ended.</param>
    public virtual bool MayTryAgain(ExitStatus status) => true;

    /// <summary>What to say when starting it again can't help.</summary>
    /// <param name="status">How it ended.</param>
    /// <param name="lines">The last lines it logged.</param>
    public virtual string WhyNotAgain(ExitStatus status, IReadOnlyList<string> lines) => $"{Name} can't be started: {status}. See {LogFile}.";

    /// <summary>Called after it was stopped.</summary>
    /// <param name="clean">Whether it ended by itself in time.</param>
    public virtual void Stopped(bool clean)
    {
    }
}

/// <summary>One start of a component.</summary>
/// <param name="Process">The process.</param>
/// <param name="Log">What it logs from this start on.</param>
internal sealed record ComponentStart(ChildProcess Process, LogTail Log);
