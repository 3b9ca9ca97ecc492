namespace Tally.AppHost.Commands.Demo;

/// <summary>Callers that work side by side.</summary>
internal static class CallersAtWork
{
    /// <summary>Lets them make their calls until there are no more.</summary>
    /// <param name="callers">The callers.</param>
    /// <param name="showProgressAsync">Shows how far they are, until its token is cancelled.</param>
    /// <param name="cancellationToken">Stops them.</param>
    public static async Task RunAsync(IEnumerable<Caller> callers, Func<CancellationToken, Task> showProgressAsync, CancellationToken cancellationToken)
    {
        // The last caller to end stops the progress; a caller that fails must not leave it running.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var progress = showProgressAsync(ended.Token);
        try
        {
            await Task.WhenAll(callers.Select(caller => Task.Run(() => caller.RunAsync(cancellationToken), CancellationToken.None)));
        }
        finally
        {
            await ended.CancelAsync();
            await progress;
        }
    }
}
