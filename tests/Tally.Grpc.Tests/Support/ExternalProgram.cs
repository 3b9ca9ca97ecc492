using System.Diagnostics;

namespace Tally.Grpc.Tests.Support;

/// <summary>Runs programs that nobody here wrote.</summary>
internal static class ExternalProgram
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Its path on the PATH, or null.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);

    /// <summary>Runs it to its end, and fails with what it said unless it ends well.</summary>
    public static async Task<string> RunAsync(string name, IEnumerable<string> arguments, string? folder = null)
    {
        var result = await TryRunAsync(name, arguments, folder);
        Assert.True(result.ExitCode == 0, $"{name} ended with {result.ExitCode}:\n{result.Output}");
        return result.Output;
    }

    public static async Task<(int ExitCode, string Output)> TryRunAsync(string name, IEnumerable<string> arguments, string? folder = null)
    {
        using var process = Process.Start(new ProcessStartInfo(Find(name) ?? name, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        })!;
        try
        {
            using var patience = new CancellationTokenSource(Limit);
            var output = process.StandardOutput.ReadToEndAsync(patience.Token);
            var errors = process.StandardError.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, await output + await errors);
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

/// <summary>A test that needs a program on the PATH, and is skipped where it is not.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactWithAttribute : FactAttribute
{
    public FactWithAttribute(string program) =>
        Skip = ExternalProgram.Find(program) is null ? $"{program} is not on the PATH." : null;
}

/// <summary>Tests that need a program on the PATH, and are skipped where it is not.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TheoryWithAttribute : TheoryAttribute
{
    public TheoryWithAttribute(string program) =>
        Skip = ExternalProgram.Find(program) is null ? $"{program} is not on the PATH." : null;
}
