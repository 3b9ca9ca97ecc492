namespace Tally.AppHost.Commands.Load;

/// <summary>Makes the calls of a scenario.</summary>
internal interface ILoadGenerator
{
    /// <summary>Which one it is, with its version.</summary>
    string Name { get; }

    /// <summary>Where its numbers come from; null when they are new each time.</summary>
    long? Seed { get; }

    /// <summary>Makes the calls, and returns when all of them have ended.</summary>
    /// <param name="target">Whom it calls.</param>
    /// <param name="plan">What it is to do.</param>
    /// <param name="cancellationToken">Stops it.</param>
    Task<LoadOutcome> RunAsync(LoadTarget target, LoadPlan plan, CancellationToken cancellationToken);
}
