namespace Tally.AppHost.Commands.Load;

/// <summary>A shape of load, with what is usual for it.</summary>
/// <param name="Name">As it is asked for, and the name of its k6 script.</param>
/// <param name="What">What it does and finds out.</param>
/// <param name="Rate">The usual rate, in calls a second: what that is, <paramref name="What"/> says.</param>
/// <param name="Length">How long it usually lasts; a step where it has steps.</param>
/// <param name="Users">How many calls are usually under way at most.</param>
internal sealed record LoadScenario(string Name, string What, int Rate, TimeSpan Length, int Users)
{
    /// <summary>How many times more calls come in each step of <c>stress</c> than in the one before.</summary>
    public const double StepFactor = 1.5;

    /// <summary>How many times more come at the height of <c>spike</c>.</summary>
    public const int SpikeFactor = 10;

    /// <summary>What it demands; null where it looks for the limit, so that failing is part of it.</summary>
    public LoadLimits? Limits { get; init; }

    /// <summary>Whether it goes on in steps, each after the calls of the one before have ended, until the system gives.</summary>
    public bool HasSteps { get; init; }

    /// <summary>Whether it ends when calls can't begin any more.</summary>
    public bool EndsWhenItBreaks { get; init; }

    public static IReadOnlyList<LoadScenario> All { get; } =
    [
        new("smoke", "A few calls, to see that it works.", 50, TimeSpan.FromSeconds(10), 10) { Limits = Strict(TimeSpan.FromSeconds(1)) },
        new("load", "A usual day: rises to the rate, stays, falls.", 500, TimeSpan.FromMinutes(1), 100) { Limits = Strict(TimeSpan.FromMilliseconds(250)) },
        new("stress", "Steps, each half as much again as the one before, until it gives; rate and duration are those of the first step.", 500, TimeSpan.FromSeconds(10), 1_000) { HasSteps = true },
        new("spike", "Ten times the rate, all of a sudden, and back.", 200, TimeSpan.FromMinutes(1), 500)
        {
            Limits = new LoadLimits(0.01, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)),
        },
        new("soak", "Long enough to see what grows.", 500, TimeSpan.FromMinutes(30), 100) { Limits = Strict(TimeSpan.FromMilliseconds(250)) },
        new("breakpoint", "Rises evenly to the rate until it breaks.", 50_000, TimeSpan.FromMinutes(5), 1_000) { EndsWhenItBreaks = true },
    ];

    /// <summary>Whether it looks for the limit.</summary>
    public bool SeeksLimit => HasSteps || EndsWhenItBreaks;

    /// <summary>When calls are due at this rate and length.</summary>
    public LoadSchedule Plan(int rate, TimeSpan length) => Name switch
    {
        "load" => new LoadSchedule(new LoadStage(0, rate, length * 0.1), Even(rate, length * 0.8), new LoadStage(rate, 0, length * 0.1)),
        "spike" => new LoadSchedule(
            Even(rate, length * 0.3),
            new LoadStage(rate, rate * SpikeFactor, length * 0.05),
            Even(rate * SpikeFactor, length * 0.3),
            new LoadStage(rate * SpikeFactor, rate, length * 0.05),
            Even(rate, length * 0.3)),
        "breakpoint" => new LoadSchedule([.. Enumerable.Range(0, BreakpointStages).Select(at =>
            new LoadStage((double)rate * at / BreakpointStages, (double)rate * (at + 1) / BreakpointStages, length / BreakpointStages))]),
        _ => new LoadSchedule(Even(rate, length)),
    };

    /// <summary>The rate of the step of <c>stress</c> behind one of this rate.</summary>
    public static int NextRate(int rate) => (int)Math.Ceiling(rate * StepFactor);

    // One slope, told apart so that its latencies can be shown along the way.
    private const int BreakpointStages = 30;

    private static LoadStage Even(double rate, TimeSpan length) => new(rate, rate, length);

    private static LoadLimits Strict(TimeSpan p99) => new(0.001, p99, p99);
}
