using System.Diagnostics;

namespace Tally.Bench.Load;

/// <summary>Begins calls at a fixed rate, however many are under way.</summary>
internal static class Pace
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    /// <summary>Each call is told when it was due, which may be a little before it begins.</summary>
    public static async Task RunAsync(int rate, TimeSpan duration, Func<long, Task> callAsync)
    {
        var calls = new List<Task>();
        var began = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Tick);
        for (var sent = 0; sent < rate * duration.TotalSeconds; await timer.WaitForNextTickAsync())
        {
            for (var due = Stopwatch.GetElapsedTime(began).TotalSeconds * rate; sent < due; sent++)
            {
                calls.Add(callAsync(began + (long)(sent * (double)Stopwatch.Frequency / rate)));
            }
        }

        await Task.WhenAll(calls);
    }
}
