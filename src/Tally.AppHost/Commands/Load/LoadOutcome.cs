using Tally.AppHost.Proof;

namespace Tally.AppHost.Commands.Load;

/// <summary>What a generator found out.</summary>
/// <param name="Books">What its callers know. What was refused isn't there: that is a matter of speed, and surely not stored.</param>
/// <param name="All">All calls.</param>
/// <param name="Steps">The same, stage by stage.</param>
internal sealed record LoadOutcome(Books Books, LoadStep All, IReadOnlyList<LoadStep> Steps)
{
    /// <summary>How the first call failed that wasn't answered OK.</summary>
    public string? FirstFailure { get; init; }

    /// <summary>What the generator itself found wrong, a sentence each.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>Who kept it from being faster, in words; null when nobody did.</summary>
    public string? Limit { get; init; }
}
