namespace Tally.AppHost.Commands.Chaos;

/// <summary>What is done to a component.</summary>
internal enum ChaosKind
{
    /// <summary>Killed with SIGKILL, whatever it is doing.</summary>
    Kill,

    /// <summary>Stopped with SIGSTOP for a while, and let go on with SIGCONT.</summary>
    Freeze,

    /// <summary>Stopped cleanly, and started with the order to kill itself at a labelled step.</summary>
    FaultPoint,
}

/// <summary>One step of a plan.</summary>
/// <param name="Number">Which one, from 1.</param>
/// <param name="Pause">How long after the step before: its end, or where steps overlap its beginning.</param>
/// <param name="Whom">The component.</param>
/// <param name="Kind">What is done to it.</param>
internal sealed record ChaosStep(int Number, TimeSpan Pause, string Whom, ChaosKind Kind)
{
    /// <summary>Whether it doesn't wait until the system is well again after the step before.</summary>
    public bool Overlaps { get; init; }

    /// <summary>How long it is stopped; zero unless it is.</summary>
    public TimeSpan Frozen { get; init; }

    /// <summary>The labelled step, or null.</summary>
    public string? FaultPoint { get; init; }

    /// <summary>At the how manieth time.</summary>
    public int Times { get; init; } = 1;

    public override string ToString() => Kind switch
    {
        ChaosKind.Kill => $"{Whom}: kill -9",
        ChaosKind.Freeze => $"{Whom}: stopped for {Frozen.TotalSeconds:0.0} s",
        _ => $"{Whom}: kill -9 at {FaultPoint}, time {Times}",
    };
}

/// <summary>What became of a step.</summary>
/// <param name="Step">The step.</param>
/// <param name="At">When it was done, since the first call.</param>
/// <param name="Reached">Whether the labelled step was reached; null where there is none.</param>
/// <param name="Recovery">
/// From the death (or the SIGCONT) until the component was ready and an add that began after it was answered; null when that took too long.
/// </param>
internal sealed record ChaosOutcome(ChaosStep Step, TimeSpan At, bool? Reached, TimeSpan? Recovery);
