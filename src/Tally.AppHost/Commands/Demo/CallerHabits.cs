namespace Tally.AppHost.Commands.Demo;

/// <summary>How callers behave when a call isn't answered.</summary>
/// <param name="KeyPrefix">What their idempotency keys begin with; null when they send none, and then a call that may be stored is never sent again.</param>
internal sealed record CallerHabits(string? KeyPrefix)
{
    /// <summary>How long an attempt may take. With a key there's no reason to wait long: asking again is safe.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(KeyPrefix is null ? 20 : 5);

    /// <summary>How long a call is sent again: longer than any component takes to come back.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>
    /// Whether a call is sent again that surely wasn't stored. A load test's callers don't: a refusal is an answer to the question how much the system takes.
    /// </summary>
    public bool SendsRefusedAgain { get; init; } = true;

    /// <summary>How long after it failed a caller comes back to its own Calculator. So a part of the callers comes back to one that was away.</summary>
    public TimeSpan ComeBackAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Callers whose keys are like nobody else's.</summary>
    public static CallerHabits New() => new($"{Guid.NewGuid():N}-");
}
