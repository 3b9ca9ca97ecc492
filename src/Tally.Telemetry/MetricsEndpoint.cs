using Microsoft.AspNetCore.Http;
using Tally.Telemetry.Prometheus;

namespace Tally.Telemetry;

/// <summary><c>GET /metrics</c>.</summary>
internal static class MetricsEndpoint
{
    /// <summary>
    /// Scrapes that may be under way. Each reader that doesn't read costs Kestrel's send buffer (64 KiB) until it is thrown out, so there is an end to it.
    /// </summary>
    private const int MostAtOnce = 2048;

    private static int _underWay;

    public static async Task AnswerAsync(HttpContext context, Scraper scraper)
    {
        try
        {
            if (Interlocked.Increment(ref _underWay) > MostAtOnce)
            {
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return;
            }

            var format = TextFormats.Choose(context.Request.Headers.Accept);
            var text = await scraper.ScrapeAsync(format).WaitAsync(context.RequestAborted);
            context.Response.ContentType = TextFormats.ContentType(format);
            context.Response.ContentLength = text.Length;
            await context.Response.Body.WriteAsync(text, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The reader went away; nobody is left to answer.
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }
}
