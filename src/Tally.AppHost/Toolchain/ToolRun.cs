using System.ComponentModel;
using System.Diagnostics;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Toolchain;

/// <summary>A program that ran to its end.</summary>
/// <param name="ExitCode">How it ended.</param>
/// <param name="Output">What it printed on standard output.</param>
/// <param name="Errors">What it printed on standard error.</param>
internal sealed record ToolRun(int ExitCode, IReadOnlyList<string> Output, IReadOnlyList<string> Errors)
{
    /// <summary>Both outputs, errors last.</summary>
    public IEnumerable<string> Lines => Output.Concat(Errors);

    /// <summary>Runs a program and waits for its end; it ends with this process, too.</summary>
    /// <param name="program">Its name or path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="cancellationToken">Kills it.</param>
    /// <param name="folder">Where it runs.</param>
    /// <param name="onLine">Called with each line of standard output.</param>
    /// <param name="environment">Variables beside those of this process.</param>
    /// <exception cref="SystemProblemException">It can't be started.</exception>
    public static async Task<ToolRun> RunAsync(
        string program,
        IReadOnlyList<string> arguments,
        CancellationToken cancellationToken,
        string? folder = null,
        Action<string>? onLine = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(SearchPath.Find(program) ?? program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = folder ?? "",
        };
        start.Environment[Watchdog.Variable] = Watchdog.Token;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        using var process = Start(start);
        process.StandardInput.Close();
        var output = ReadAsync(process.StandardOutput, onLine);
        var errors = ReadAsync(process.StandardError, onLine: null);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return new ToolRun(process.ExitCode, await output, await errors);
    }

    /// <summary>Gives the run back when it succeeded.</summary>
    /// <param name="tool">Which tool was at work.</param>
    /// <param name="sentence">What failed and what to do; the last lines go with it.</param>
    /// <exception cref="SystemProblemException">It failed.</exception>
    public ToolRun OrThrow(string tool, string sentence) =>
        ExitCode == 0 ? this : throw new SystemProblemException(tool, sentence) { LogLines = [.. Lines.TakeLast(20)] };

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception problem)
        {
            throw new SystemProblemException(
                Path.GetFileName(start.FileName), $"'{start.FileName}' couldn't be started: {problem.Message}.", problem);
        }
    }

    private static async Task<IReadOnlyList<string>> ReadAsync(StreamReader reader, Action<string>? onLine)
    {
        var lines = new List<string>();
        while (await reader.ReadLineAsync() is { } line)
        {
            lines.Add(line);
            onLine?.Invoke(line);
        }

        return lines;
    }
}
