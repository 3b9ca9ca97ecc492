using System.Diagnostics;
using System.Globalization;
using HdrHistogram;

namespace Tally.Bench.Load;

/// <summary>So many callers, each of which makes its next call when the last one was answered; from a process of its own, by the raw client.</summary>
internal static class ClosedGenerator
{
    public const string Name = "own HTTP/2 client";

    private const long WarmUpCalls = 200;
    private const long LongestMicroseconds = 60_000_000;

    /// <summary>Sends so many calls, and says how fast they were answered.</summary>
    public static async Task<ClosedSpeed> SendAsync(Uri server, long calls, int callers)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath!,
            ["send-closed", server.ToString(), calls.ToString(CultureInfo.InvariantCulture), callers.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"The generator ended with exit code {process.ExitCode}.");
        }

        var figures = said.Split(' ').Select(figure => double.Parse(figure, CultureInfo.InvariantCulture)).ToArray();
        return new ClosedSpeed(calls / figures[0], figures[1], figures[2], figures[3]);
    }

    /// <summary>What the process of its own does: says how many seconds it took, and three percentiles in milliseconds.</summary>
    public static async Task<int> RunAsync(Uri server, long calls, int callers)
    {
        var connections = Math.Min(callers, Generator.Connections);

        // What this process takes to begin is no matter of the server's.
        using (var warmUp = new RawClient(server, KeyKind.None, new Random(), new LongHistogram(LongestMicroseconds, 3)))
        {
            await warmUp.RunAsync(WarmUpCalls, underWay: 1);
        }

        var latencies = Enumerable.Range(0, connections).Select(_ => new LongHistogram(LongestMicroseconds, 3)).ToArray();
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(latencies.Select((own, connection) =>
        {
            var rest = connection == 0 ? calls % connections : 0;
            return Task.Run(async () =>
            {
                using var client = new RawClient(server, KeyKind.None, new Random(), own);
                await client.RunAsync((calls / connections) + rest, callers / connections);
            });
        }));
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        foreach (var other in latencies[1..])
        {
            latencies[0].Add(other);
        }

        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seconds} {At(latencies[0], 50)} {At(latencies[0], 99)} {At(latencies[0], 99.9)}"));
        return 0;
    }

    private static double At(LongHistogram microseconds, double percentile) => microseconds.GetValueAtPercentile(percentile) / 1_000.0;
}

/// <summary>How fast calls were answered: calls a second, and latencies in milliseconds.</summary>
internal readonly record struct ClosedSpeed(double PerSecond, double P50, double P99, double P999);
