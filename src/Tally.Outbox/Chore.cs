using Microsoft.Extensions.Logging;
using Tally.Outbox.Diagnostics;

namespace Tally.Outbox;

/// <summary>Something done again and again in the background, on a timer and in a transaction of its own. Trouble with the database waits for the next round.</summary>
internal sealed class Chore(string name, TimeSpan interval, Func<CancellationToken, Task> work, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;

    public Task Start() => _loop = Task.Run(RunAsync);

    /// <summary>Ends it, after the round under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            do
            {
                try
                {
                    await work(_stopping.Token);
                }
                catch (Exception fault) when (DatabaseTrouble.Is(fault))
                {
                    Log.ChoreFailed(logger, name, interval, fault.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(_stopping.Token));
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The end that was asked for.
        }
    }
}
