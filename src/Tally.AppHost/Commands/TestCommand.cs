using System.CommandLine;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary><c>test</c>: prepares what the tests need and runs them.</summary>
internal static class TestCommand
{
    private static readonly Argument<string?> Filter = new("filter")
    {
        Description = "Which tests, as 'dotnet test --filter' takes it. All when left out.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(20);

    private static readonly Option<bool> Thorough = new("--thorough") { Description = "Run the tests that take minutes, too." };

    public static TallyCommand Create() =>
        new TallyCommand("test", "Prepares what the tests need, and runs them.", "./tally test FullyQualifiedName~Amount") { RunAsync = RunAsync }
            .Takes(Filter)
            .Knows(Thorough);

    private static async Task<int> RunAsync(CommandCall call)
    {
        using var signals = new StopSignals();
        var counts = await TestRun.RunAsync(
            call.Line.GetValue(Filter), call.Line.GetValue(Thorough), SystemSettings.FromEnvironment(call.DataFolder), new StartReporter(call.Output), signals.Asked);
        Report(counts, call.Output.Terminal.Out);
        return counts.ExitCode;
    }

    /// <summary>What failed once more, where nobody has to search for it in what all projects printed, and at the very end the counts.</summary>
    private static void Report(TestCounts counts, TextWriter to)
    {
        foreach (var test in counts.Slowest.Where(test => test.Took > Slow))
        {
            to.WriteLine($"slow: {test.Took.TotalSeconds,4:0} s  {test.Name}");
        }

        foreach (var failure in counts.Failures)
        {
            to.WriteLine($"FAILED {failure.Name}\n{failure.Message}\n{failure.StackTrace}\n");
        }

        if (counts is { Passed: 0, Skipped: 0, Failures.Count: 0 })
        {
            to.WriteLine("No test ran. A filter is part of a test's full name, or what 'dotnet test --filter' takes.");
        }
        else if (counts is { RunnerFailed: true, Failures.Count: 0 })
        {
            to.WriteLine("The test runner failed, though no test says so; what it said is above.");
        }

        to.WriteLine(counts.ToString());
    }
}
