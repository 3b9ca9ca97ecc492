using System.Collections.Concurrent;
using System.Diagnostics;
using System.Xml.Linq;
using Tally.TestSupport;

namespace Tally.EndToEnd.Tests.Sabotaged;

/// <summary>A second build of the libraries and their tests, which can be told to break a promise (src/Shared/Sabotage.cs).</summary>
public sealed class SabotagedBuild : IAsyncLifetime
{
    private const int AtATime = 3;

    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(10);

    private static readonly string[] Projects = ["Tally.Outbox.Tests", "Tally.Inbox.Tests"];

    // Beside the other build, and kept: the next run builds what changed.
    private static readonly string Artifacts = Path.Combine(Repository.Root, "artifacts", "sabotage");

    private readonly string _results = Directory.CreateTempSubdirectory("tally-sabotage-").FullName;

    private Task<IReadOnlyDictionary<(string Sabotage, string Project, string Test), string>>? _outcomes;

    // Where its tests are skipped it isn't made.
    async Task IAsyncLifetime.InitializeAsync()
    {
        foreach (var project in ModernKafka.WhyNot is null ? Projects : [])
        {
            var (status, said) = await RunAsync(
                [
                    "build", Path.Combine(Repository.Root, "tests", project), "-c", "Release", "-p:Sabotage=true", "-p:RunAnalyzers=false",
                    $"-p:ArtifactsPath={Artifacts}", "-nodeReuse:false", "-v", "quiet", "-nologo",
                ],
                sabotage: "");
            Assert.True(status == 0, said);
        }
    }

    Task IAsyncLifetime.DisposeAsync()
    {
        Directory.Delete(_results, recursive: true);
        return Task.CompletedTask;
    }

    /// <summary>How a test ended with nothing broken, and with a promise broken. The first who asks runs all of them, a few at a time: they mostly wait.</summary>
    /// <param name="sabotage">Which promise.</param>
    /// <param name="project">Which project the test is in.</param>
    /// <param name="test">The end of its full name.</param>
    internal async Task<(string Unbroken, string Broken)> OutcomesAsync(string sabotage, string project, string test)
    {
        var outcomes = await (_outcomes ??= RunAllAsync());
        return (outcomes[("", project, test)], outcomes[(sabotage, project, test)]);
    }

    private async Task<IReadOnlyDictionary<(string Sabotage, string Project, string Test), string>> RunAllAsync()
    {
        var all = SabotageTests.All().ToArray();
        var unbroken = all.Select(of => (Sabotage: "", of.Project, of.Test)).Distinct();
        var outcomes = new ConcurrentDictionary<(string, string, string), string>();
        await Parallel.ForEachAsync(
            all.Concat(unbroken).GroupBy(of => (of.Sabotage, of.Project)),
            new ParallelOptions { MaxDegreeOfParallelism = AtATime },
            async (run, _) =>
            {
                foreach (var (test, outcome) in await RunAsync(run.Key.Project, [.. run.Select(of => of.Test)], run.Key.Sabotage))
                {
                    outcomes[(run.Key.Sabotage, run.Key.Project, test)] = outcome;
                }
            });
        return outcomes;
    }

    /// <summary>Runs tests in a process of their own.</summary>
    /// <param name="project">Which project they are in.</param>
    /// <param name="tests">The ends of their full names.</param>
    /// <param name="sabotage">What is broken meanwhile; nothing when it's empty.</param>
    /// <returns>How each ended, as the runner says it: <c>Passed</c>, <c>Failed</c>.</returns>
    private async Task<IReadOnlyDictionary<string, string>> RunAsync(string project, IReadOnlyList<string> tests, string sabotage)
    {
        var file = Path.Combine(_results, $"{Guid.NewGuid():N}.trx");
        var (_, said) = await RunAsync(
            [
                "test", Path.Combine(Artifacts, "bin", project, "release", $"{project}.dll"), "--filter", string.Join('|', tests.Select(test => $"FullyQualifiedName~.{test}")),
                "--logger", $"trx;LogFileName={file}", "--results-directory", _results,
            ],
            sabotage);
        Assert.True(File.Exists(file), said);
        var results = XDocument.Load(file).Descendants().Where(element => element.Name.LocalName == "UnitTestResult").ToArray();
        return tests.ToDictionary(
            test => test,
            test =>
            {
                var ended = results.Where(result => result.Attribute("testName")!.Value.EndsWith($".{test}", StringComparison.Ordinal)).ToArray();
                Assert.True(ended.Length == 1, $"{ended.Length} tests are called {test}.\n{said}");
                return ended[0].Attribute("outcome")!.Value;
            },
            StringComparer.Ordinal);
    }

    private static async Task<(int Status, string Said)> RunAsync(IEnumerable<string> arguments, string sabotage)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            WorkingDirectory = Repository.Root,
            Environment = { ["TALLY_SABOTAGE"] = sabotage },
        };
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(LongestRun);
        try
        {
            var said = await process.StandardOutput.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, said);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
