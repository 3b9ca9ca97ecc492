namespace Tally.AppHost.Commands.Load;

/// <summary>What became of the calls of one stage, or of all.</summary>
/// <param name="Rate">Calls a second that were asked for, on the average of the stage; of all, the highest of these.</param>
/// <param name="Seconds">How long it lasted; until the last answer where that came later.</param>
internal sealed record LoadStep(double Rate, double Seconds)
{
    /// <summary>How many calls were due.</summary>
    public long Due { get; init; }

    /// <summary>How many of them couldn't begin in time, since all users waited for answers.</summary>
    public long NotBegun { get; init; }

    /// <summary>How many were answered OK.</summary>
    public long Answered { get; init; }

    /// <summary>How many were refused or failed.</summary>
    public long Failed { get; init; }

    public LoadLatency Latency { get; init; }

    /// <summary>All stages together, with the latencies of all.</summary>
    public static LoadStep OfAll(IReadOnlyCollection<LoadStep> steps, LoadLatency latency) =>
        new(steps.Select(step => step.Rate).DefaultIfEmpty().Max(), steps.Sum(step => step.Seconds))
        {
            Due = steps.Sum(step => step.Due),
            NotBegun = steps.Sum(step => step.NotBegun),
            Answered = steps.Sum(step => step.Answered),
            Failed = steps.Sum(step => step.Failed),
            Latency = latency,
        };

    /// <summary>Answered calls a second.</summary>
    public double AnsweredRate => Seconds > 0 ? Answered / Seconds : 0;

    /// <summary>The share of what was due that wasn't answered OK.</summary>
    public double FailedShare => Due > 0 ? (double)(Failed + NotBegun) / Due : 0;
}
