using System.Globalization;
using System.Xml.Linq;

namespace Tally.AppHost.Hosting;

/// <summary>How tests ended.</summary>
/// <param name="Passed">How many passed.</param>
/// <param name="Skipped">How many couldn't run here.</param>
/// <param name="Failures">Which failed, and what they said.</param>
/// <param name="RunnerFailed">Whether the runner itself ended with an error.</param>
public sealed record TestCounts(int Passed, int Skipped, IReadOnlyList<TestFailure> Failures, bool RunnerFailed)
{
    private const int SlowestCount = 15;

    /// <summary>Which tests took longest, the slowest first: what a run's length goes to.</summary>
    public IReadOnlyList<TestDuration> Slowest { get; init; } = [];

    /// <summary>0 when some ran and none failed, or else 1.</summary>
    public int ExitCode => Failures.Count == 0 && Passed > 0 && !RunnerFailed ? 0 : 1;

    /// <summary>Adds up the result files of a run.</summary>
    /// <param name="folder">Where the runner put them.</param>
    /// <param name="runnerFailed">Whether the runner itself ended with an error.</param>
    internal static TestCounts Read(string folder, bool runnerFailed)
    {
        var (passed, skipped) = (0, 0);
        var failures = new List<TestFailure>();
        var durations = new List<TestDuration>();
        foreach (var file in Directory.EnumerateFiles(folder, "*.trx", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            foreach (var result in XDocument.Load(file).Descendants().Where(element => element.Name.LocalName == "UnitTestResult"))
            {
                durations.Add(TestDuration.Read(result));
                switch (result.Attribute("outcome")?.Value)
                {
                    case "Passed":
                        passed++;
                        break;
                    case "NotExecuted":
                        skipped++;
                        break;
                    default:
                        failures.Add(TestFailure.Read(result));
                        break;
                }
            }
        }

        return new TestCounts(passed, skipped, failures, runnerFailed)
        {
            Slowest = [.. durations.OrderByDescending(test => test.Took).Take(SlowestCount)],
        };
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Passed} passed, {Failures.Count} failed, {Skipped} skipped";
}

/// <summary>How long a test took.</summary>
/// <param name="Name">Its full name.</param>
/// <param name="Took">From its beginning to its end; zero when the runner didn't say.</param>
public sealed record TestDuration(string Name, TimeSpan Took)
{
    internal static TestDuration Read(XElement result) => new(
        TestFailure.NameOf(result), TimeSpan.TryParse(result.Attribute("duration")?.Value, CultureInfo.InvariantCulture, out var took) ? took : TimeSpan.Zero);
}

/// <summary>A test that failed.</summary>
/// <param name="Name">Its full name.</param>
/// <param name="Message">What it expected and saw.</param>
/// <param name="StackTrace">Where, empty when the runner didn't say.</param>
public sealed record TestFailure(string Name, string Message, string StackTrace)
{
    internal static TestFailure Read(XElement result) => new(NameOf(result), TextOf(result, "Message"), TextOf(result, "StackTrace"));

    internal static string NameOf(XElement result) => result.Attribute("testName")?.Value ?? "a test without a name";

    private static string TextOf(XElement result, string name) =>
        result.Descendants().FirstOrDefault(element => element.Name.LocalName == name)?.Value.Trim() ?? "";
}
