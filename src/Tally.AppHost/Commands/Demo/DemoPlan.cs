namespace Tally.AppHost.Commands.Demo;

/// <summary>What a demo is to do.</summary>
/// <param name="Calls">How many calls.</param>
/// <param name="Callers">How many callers share them.</param>
/// <param name="Seed">Where the numbers come from.</param>
/// <param name="Patience">How long to wait for the total once all calls have ended.</param>
internal sealed record DemoPlan(long Calls, int Callers, long Seed, TimeSpan Patience);
