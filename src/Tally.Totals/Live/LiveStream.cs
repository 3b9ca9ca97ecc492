using System.Text;

namespace Tally.Totals.Live;

/// <summary><c>GET /api/live</c>: server-sent events, each a whole <see cref="LiveState"/>, so that one who comes back needs nothing of before.</summary>
internal sealed class LiveStream(LiveFeed feed, TimeProvider time, IHostApplicationLifetime lifetime)
{
    /// <summary>How many may watch at once: each costs a connection and little more, but an open page must not cost the adds their memory.</summary>
    private const int MostWatchers = 200;

    // A connection that is gone is noticed when something is written to it.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);
    private static readonly byte[] Beginning = Encoding.UTF8.GetBytes("retry: 1000\n\n");
    private static readonly byte[] Alive = Encoding.UTF8.GetBytes(": alive\n\n");
    private static readonly byte[] Before = Encoding.UTF8.GetBytes("data: ");
    private static readonly byte[] Behind = Encoding.UTF8.GetBytes("\n\n");

    private int _watchers;

    public async Task AnswerAsync(HttpContext context)
    {
        try
        {
            if (Interlocked.Increment(ref _watchers) > MostWatchers)
            {
                await TypedResults.Problem($"{MostWatchers} pages are open at this instance, and no more are served.", statusCode: StatusCodes.Status503ServiceUnavailable)
                    .ExecuteAsync(context);
                return;
            }

            await SendAsync(context);
        }
        finally
        {
            Interlocked.Decrement(ref _watchers);
        }
    }

    private async Task SendAsync(HttpContext context)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        using var watching = feed.Watch();
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        try
        {
            await context.Response.Body.WriteAsync(Beginning, ending.Token);
            while (true)
            {
                var (state, changed) = feed.Read();
                if (state is not null)
                {
                    await context.Response.Body.WriteAsync(Before, ending.Token);
                    await context.Response.Body.WriteAsync(state, ending.Token);
                    await context.Response.Body.WriteAsync(Behind, ending.Token);
                }

                await context.Response.Body.FlushAsync(ending.Token);
                while (!await ChangedAsync(changed, ending.Token))
                {
                    await context.Response.Body.WriteAsync(Alive, ending.Token);
                    await context.Response.Body.FlushAsync(ending.Token);
                }
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The page was closed, or this instance stops; a page that is still open comes back by itself.
        }
    }

    private async Task<bool> ChangedAsync(Task changed, CancellationToken cancellationToken)
    {
        try
        {
            await changed.WaitAsync(Heartbeat, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
