namespace Tally.AppHost.Commands.Load;

/// <summary>What became of the calls of one stage, or of all.</summary>
/// <param name="Rate">Calls a second that were asked for; of a stage that rises or falls, the higher end.</param>
/// <param name="Seconds">How long it lasted.</param>
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

    /// <summary>Answered calls a second.</summary>
    public double AnsweredRate => Seconds > 0 ? Answered / Seconds : 0;

    /// <summary>The share of what was due that wasn't answered OK.</summary>
    public double FailedShare => Due > 0 ? (double)(Failed + NotBegun) / Due : 0;
}
