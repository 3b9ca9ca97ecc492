using System.Diagnostics;
using System.Globalization;

namespace Tally.Faults;

/// <summary>
/// Labelled steps at which a process can be told to kill itself, as if by <c>kill -9</c>: for <c>./tally chaos</c> and for tests of what survives there.
/// Off unless the environment variable <c>TALLY_FAULT_POINTS</c> names a step: <c>relay.after-produce</c>, or <c>relay.after-produce@100</c> for the
/// hundredth time; several are separated by commas. When it's off the compiler leaves the check out of compiled code.
/// </summary>
internal static class FaultPoint
{
    /// <summary>The environment variable.</summary>
    public const string Variable = "TALLY_FAULT_POINTS";

    /// <summary>What a process says, behind the step's name, before it kills itself.</summary>
    public const string LastWords = "is reached, so this process kills itself.";

    private static readonly FaultPlan? Armed = FaultPlan.Parse(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Goes on, unless the process is to die here.</summary>
    /// <param name="name">The step, one of <see cref="FaultPlan.Names"/>.</param>
    public static void Reach(string name)
    {
        if (Armed is not null)
        {
            DieIfDue(Armed, name);
        }
    }

    private static void DieIfDue(FaultPlan plan, string name)
    {
        if (!plan.IsDue(name))
        {
            return;
        }

        Console.Error.WriteLine($"{Variable}: {name} {LastWords}");
        using var self = Process.GetCurrentProcess();
        self.Kill();

        // The signal needs a moment to reach all threads; this one must not take another step meanwhile.
        Thread.Sleep(Timeout.Infinite);
    }
}

/// <summary>At which steps, and at the how manieth time. Thread-safe.</summary>
internal sealed class FaultPlan
{
    private readonly Dictionary<string, StepCount> _steps = new(StringComparer.Ordinal);

    private FaultPlan()
    {
    }

    /// <summary>All labelled steps.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "append.before-send", "append.after-send", "append.after-commit", "handoff.after", "relay.after-produce", "relay.after-ack", "claim",
        "segment.drop", "rewind", "fold.after-poll", "fold.before-commit", "fold.after-commit",
    ];

    /// <summary>Reads the variable.</summary>
    /// <param name="text">What it holds.</param>
    /// <returns>Null when it names nothing.</returns>
    /// <exception cref="FormatException">It names a step that isn't there, which would never be reached and look like a survived one.</exception>
    public static FaultPlan? Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        var plan = new FaultPlan();
        foreach (var step in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var (name, times) = step.Split('@') switch
            {
                [var alone] => (alone, 1),
                [var named, var number] when int.TryParse(number, CultureInfo.InvariantCulture, out var at) && at > 0 => (named, at),
                _ => throw Wrong(step),
            };
            plan._steps[Names.Contains(name, StringComparer.Ordinal) ? name : throw Wrong(step)] = new StepCount(times);
        }

        return plan;
    }

    /// <summary>Counts, and says whether this is the time.</summary>
    /// <param name="name">The step.</param>
    public bool IsDue(string name) => _steps.TryGetValue(name, out var step) && step.CountDown() == 0;

    private static FormatException Wrong(string step) => new(
        $"TALLY_FAULT_POINTS holds '{step}'; allowed: one of {string.Join(", ", Names)}, optionally with '@' and a number from 1 behind it.");

    private sealed class StepCount(int times)
    {
        private int _left = times;

        public int CountDown() => Interlocked.Decrement(ref _left);
    }
}
