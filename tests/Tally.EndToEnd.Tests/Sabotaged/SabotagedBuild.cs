using System.Diagnostics;
using System.Xml.Linq;
using Tally.TestSupport;

namespace Tally.EndToEnd.Tests.Sabotaged;

/// <summary>A second build of the libraries and their tests, which can be told to break a promise (src/Shared/Sabotage.cs).</summary>
public sealed class SabotagedBuild : IAsyncLifetime
{
    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(10);

    private static readonly string[] Projects = ["Tally.Outbox.Tests", "Tally.Inbox.Tests"];

    // Beside the other build, and kept: the next run builds what changed.
    private static readonly string Artifacts = Path.Combine(Repository.Root, "artifacts", "sabotage");

    private readonly string _results = Directory.CreateTempSubdirectory("tally-sabotage-").FullName;

    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _unbroken = new(StringComparer.Ordinal);

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

    /// <summary>Runs tests with nothing broken: once, all of a project's together.</summary>
    /// <param name="project">Which project they are in.</param>
    /// <param name="tests">The ends of their full names.</param>
    internal async Task<IReadOnlyDictionary<string, string>> RunUnbrokenAsync(string project, IEnumerable<string> tests) =>
        _unbroken.TryGetValue(project, out var outcomes) ? outcomes : _unbroken[project] = await RunAsync(project, [.. tests], sabotage: "");

    /// <summary>Runs tests in a process of their own.</summary>
    /// <param name="project">Which project they are in.</param>
    /// <param name="tests">The ends of their full names.</param>
    /// <param name="sabotage">What is broken meanwhile; nothing when it's empty.</param>
    /// <returns>How each ended, as the runner says it: <c>Passed</c>, <c>Failed</c>.</returns>
    internal async Task<IReadOnlyDictionary<string, string>> RunAsync(string project, IReadOnlyList<string> tests, string sabotage)
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
