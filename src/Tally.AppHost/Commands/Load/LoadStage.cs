namespace Tally.AppHost.Commands.Load;

/// <summary>A while in which the rate of calls rises or falls evenly, or stays.</summary>
/// <param name="From">Calls a second at its beginning.</param>
/// <param name="To">Calls a second at its end.</param>
/// <param name="Length">How long it lasts.</param>
internal readonly record struct LoadStage(double From, double To, TimeSpan Length)
{
    /// <summary>How many calls are due in it.</summary>
    public long Calls => (long)Math.Round((From + To) / 2 * Length.TotalSeconds);

    /// <summary>When a call of this stage is due, from its beginning on.</summary>
    /// <param name="call">Which call, from 0.</param>
    public TimeSpan DueAt(long call)
    {
        // The area below the rate up to t is From·t + slope·t²/2; solved for t in the form that also holds for an even rate.
        var slope = (To - From) / Length.TotalSeconds;
        return call == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(2 * call / (From + Math.Sqrt(Math.Max(0, (From * From) + (2 * slope * call)))));
    }
}
