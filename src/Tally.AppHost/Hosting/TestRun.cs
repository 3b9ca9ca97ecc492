using System.Diagnostics;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Hosting;

/// <summary>What <c>./tally test</c> does: builds, starts PostgreSQL and Kafka once, runs all tests on them, and counts.</summary>
public static class TestRun
{
    /// <summary>Runs the tests.</summary>
    /// <param name="filter">As <c>dotnet test --filter</c> takes it; null runs all.</param>
    /// <param name="thorough">Whether those that take minutes run, too.</param>
    /// <param name="settings">Which PostgreSQL and Kafka to use.</param>
    /// <param name="reporter">Told what happens.</param>
    /// <param name="cancellationToken">Stops the tests.</param>
    /// <returns>How many passed, failed and were skipped.</returns>
    public static async Task<TestCounts> RunAsync(
        string? filter, bool thorough, SystemSettings settings, IStartReporter reporter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(reporter);
        var root = Checkout.TryFindRoot()
            ?? throw new SystemProblemException("tests", $"The tests are run from a checkout, but there is no {Checkout.Solution} above '{AppContext.BaseDirectory}'.");
        var folder = Directory.CreateTempSubdirectory("tally-test-").FullName;
        Watchdog.RemoveAtEnd(folder);
        try
        {
            // Once the programs are built nothing is written beside them any more: this one is among them.
            reporter.Progress("tests", "are built");
            (await ToolRun.RunAsync("dotnet", ["build", Checkout.Solution, "-c", "Release", "-nodeReuse:false", "-v", "quiet", "-nologo"], cancellationToken, root))
                .OrThrow("tests", "The solution doesn't build.");
            await using var system = await LocalSystem.StartAsync(
                settings with
                {
                    DataFolder = Path.Combine(folder, "system"),
                    Parts = SystemParts.Postgres | SystemParts.Kafka,
                    Ports = WantedPorts.Free,
                    Temporary = true,
                },
                reporter,
                cancellationToken);
            var results = Path.Combine(folder, "results");
            Directory.CreateDirectory(results);
            var variables = TestVariables.Of(system).ToDictionary(StringComparer.Ordinal);
            if (thorough)
            {
                variables[TestVariables.Thorough] = "yes";
            }

            var status = await RunAsync(root, results, filter, variables, cancellationToken);
            return TestCounts.Read(results, status != 0);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
            Watchdog.Keep(folder);
        }
    }

    private static async Task<int> RunAsync(
        string root, string results, string? filter, IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken)
    {
        // One project at a time: tests that wait for real time share few cores badly.
        string[] arguments =
        [
            "test", Checkout.Solution, "-c", "Release", "--no-build", "-nodeReuse:false", "-m:1", "-nologo", "--logger", "trx;LogFilePrefix=tests",
            "--logger", "console;verbosity=minimal", "--results-directory", results, .. filter is null ? [] : (string[])["--filter", filter],
        ];
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = root, UseShellExecute = false };
        start.Environment[Watchdog.Variable] = Watchdog.Token;
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return process.ExitCode;
    }
}
