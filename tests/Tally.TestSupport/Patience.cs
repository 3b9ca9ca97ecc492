namespace Tally.TestSupport;

/// <summary>How long tests wait for what comes within a moment.</summary>
public static class Patience
{
    /// <summary>Long enough for a machine that is busy; shorter where a promise is broken on purpose, since then it doesn't come, and that is what is waited for.</summary>
    public static TimeSpan Soon { get; } = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("TALLY_SABOTAGE") is null or "" ? 30 : 15);
}
