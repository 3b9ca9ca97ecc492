using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tally.TestSupport;

namespace Tally.EndToEnd.Tests;

/// <summary>The real program in a process of its own: what a person at a shell has.</summary>
internal sealed class TallyProgram : IAsyncDisposable
{
    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(5);

    private readonly Process _process;
    private readonly Task _reading;
    private readonly ConcurrentQueue<string> _out = [];
    private readonly ConcurrentQueue<string> _error = [];
    private readonly SemaphoreSlim _newLine = new(0);

    private TallyProgram(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, _out), ReadAsync(process.StandardError, _error));
    }

    public string Out => string.Join('\n', _out);

    public string Error => string.Join('\n', _error);

    public int Pid => _process.Id;

    /// <summary>The one object on standard output.</summary>
    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    /// <summary>Starts it.</summary>
    public static TallyProgram Start(params IReadOnlyList<string> arguments) => Start(arguments, environment: null);

    private static TallyProgram Start(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        var start = new ProcessStartInfo("dotnet", [PathOfProgram(), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // These tests stop and kill PostgreSQL and Kafka, so they take none that somebody else uses.
        foreach (var name in (string[])["TALLY_POSTGRES", "TALLY_KAFKA", "TALLY_KAFKA_SETTINGS"])
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return new TallyProgram(process);
    }

    /// <summary>Runs it to its end.</summary>
    /// <returns>How it ended.</returns>
    public static Task<Ended> RunAsync(params IReadOnlyList<string> arguments) => RunAsync(arguments, environment: null);

    /// <summary>Runs it to its end, with additions to its environment.</summary>
    /// <returns>How it ended.</returns>
    public static async Task<Ended> RunAsync(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        await using var program = Start(arguments, environment);
        var exitCode = await program.WaitForExitAsync();
        return new Ended(exitCode, program.Out, program.Error);
    }

    /// <summary>Waits for its end.</summary>
    public async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync().Within(LongestRun);
        await _reading.Within(LongestRun);
        return _process.ExitCode;
    }

    /// <summary>Waits until a line on standard error matches.</summary>
    public Task<Match> WaitForErrorLineAsync(string pattern) => WaitForLineAsync(_error, pattern);

    /// <summary>Waits until a line on standard output matches.</summary>
    public Task<Match> WaitForLineAsync(string pattern) => WaitForLineAsync(_out, pattern);

    private async Task<Match> WaitForLineAsync(ConcurrentQueue<string> lines, string pattern)
    {
        using var patience = new CancellationTokenSource(LongestRun);
        while (true)
        {
            var match = lines.Select(line => Regex.Match(line, pattern, RegexOptions.None, TimeSpan.FromSeconds(1))).FirstOrDefault(match => match.Success);
            if (match is not null)
            {
                return match;
            }

            Assert.False(_reading.IsCompleted, $"It ended without a line like {pattern}:\n{Error}");
            await Task.WhenAny(_newLine.WaitAsync(patience.Token), _reading);
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync().Within(LongestRun);
        }

        await _reading.Within(LongestRun);
        _process.Dispose();
        _newLine.Dispose();
    }

    private async Task ReadAsync(StreamReader reader, ConcurrentQueue<string> lines)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lines.Enqueue(line);
            _newLine.Release();
        }
    }

    /// <summary>The program beside these tests: built with them, in the same configuration.</summary>
    private static string PathOfProgram()
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(here.Parent!.Parent!.FullName, "Tally.AppHost", here.Name, "Tally.AppHost.dll");
    }
}

/// <summary>How a run of the program ended.</summary>
internal sealed record Ended(int ExitCode, string Out, string Error)
{
    /// <summary>The one object on standard output.</summary>
    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    /// <summary>The code of the failure.</summary>
    public string? ErrorCode => Json.GetProperty("error").GetProperty("code").GetString();

    /// <summary>Fails, with what the program said, unless it ended as it must.</summary>
    public Ended With(int exitCode)
    {
        Assert.True(ExitCode == exitCode, $"It ended with {ExitCode}, not {exitCode}.\n{Out}\n{Error}");
        return this;
    }
}
