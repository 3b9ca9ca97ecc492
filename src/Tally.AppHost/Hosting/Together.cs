using System.Runtime.ExceptionServices;

namespace Tally.AppHost.Hosting;

/// <summary>Does several things side by side.</summary>
internal static class Together
{
    /// <summary>Completes when all are done. The first failure stops the others, and is the one that is thrown.</summary>
    /// <param name="starts">What to do.</param>
    /// <param name="cancellationToken">Stops all.</param>
    public static async Task RunAsync(IEnumerable<Func<CancellationToken, Task>> starts, CancellationToken cancellationToken)
    {
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> running = [.. starts.Select(start => start(failed.Token))];
        ExceptionDispatchInfo? first = null;
        while (running.Count > 0)
        {
            var done = await Task.WhenAny(running);
            running.Remove(done);
            if (!done.IsCompletedSuccessfully && first is null)
            {
                first = ExceptionDispatchInfo.Capture(done.Exception?.InnerException ?? new OperationCanceledException(failed.Token));
                await failed.CancelAsync();
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        first?.Throw();
    }
}
