namespace Tally.Inbox;

/// <summary>Lets many callers share a query: each gets one that began after it asked, and at most one runs at a time.</summary>
internal sealed class SharedRead<T>(Func<Task<T>> read)
{
    private readonly Lock _gate = new();
    private Task _running = Task.CompletedTask;
    private Task<T>? _next;

    public Task<T> ReadAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _next ??= BeginAfterAsync(_running);
            return _next.WaitAsync(cancellationToken);
        }
    }

    private async Task<T> BeginAfterAsync(Task before)
    {
        // Yields, so that the caller's lock is not held while the query is sent.
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        Task<T> current;
        lock (_gate)
        {
            current = read();
            _running = current;
            _next = null;
        }

        return await current;
    }
}
