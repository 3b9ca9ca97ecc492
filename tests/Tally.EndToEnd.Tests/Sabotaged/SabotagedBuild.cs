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

    private readonly Dictionary<string, string> _unbroken = new(StringComparer.Ordinal);

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

    /// <summary>Runs a test with nothing broken, unless it was so before.</summary>
    /// <param name="project">Which project it is in.</param>
    /// <param name="test">The end of its full name.</param>
    internal async Task<string> RunOnceUnbrokenAsync(string project, string test) =>
        _unbroken.TryGetValue(test, out var outcome) ? outcome : _unbroken[test] = await RunAsync(project, test, sabotage: "");

    /// <summary>Runs a test in a process of its own.</summary>
    /// <param name="project">Which project it is in.</param>
    /// <param name="test">The end of its full name.</param>
    /// <param name="sabotage">What is broken meanwhile; nothing when it's empty.</param>
    /// <returns>How it ended, as the runner says it: <c>Passed</c>, <c>Failed</c>.</returns>
    internal async Task<string> RunAsync(string project, string test, string sabotage)
    {
        var file = Path.Combine(_results, $"{Guid.NewGuid():N}.trx");
        var (_, said) = await RunAsync(
            [
                "test", Path.Combine(Artifacts, "bin", project, "release", $"{project}.dll"), "--filter", $"FullyQualifiedName~.{test}",
                "--logger", $"trx;LogFileName={file}", "--results-directory", _results,
            ],
            sabotage);
        Assert.True(File.Exists(file), said);
        var results = XDocument.Load(file).Descendants().Where(element => element.Name.LocalName == "UnitTestResult").ToArray();
        Assert.True(results.Length == 1, $"{results.Length} tests are called {test}.\n{said}");
        return results[0].Attribute("outcome")!.Value;
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
