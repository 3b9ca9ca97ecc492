using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Tally.EndToEnd.Tests;

/// <summary>
/// The real page with a state of our choice: its files, headers included, are those that a running Totals serves, and so is the state, but for what a test changes.
/// </summary>
internal sealed class StagedPage : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _totals;

    private StagedPage(WebApplication app, HttpClient totals) => (_app, _totals) = (app, totals);

    public string Address => _app.Urls.Single();

    /// <summary>Whether connections say nothing more, without an end, as those of a frozen process do.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>How often the page has asked for states.</summary>
    public int Connections { get; private set; }

    /// <param name="totals">Where the real one answers.</param>
    /// <param name="change">What is different in each state.</param>
    public static async Task<StagedPage> StartAsync(string totals, Action<JsonObject> change)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var staged = new StagedPage(builder.Build(), new HttpClient { BaseAddress = new Uri(totals) });
        staged._app.MapGet("/api/live", http => staged.ChangeAsync(http, change));
        staged._app.MapGet("/{**path}", staged.PassAsync);
        await staged._app.StartAsync();
        return staged;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _totals.Dispose();
    }

    private async Task ChangeAsync(HttpContext http, Action<JsonObject> change)
    {
        Connections++;
        http.Response.ContentType = "text/event-stream";
        using var lines = new StreamReader(await _totals.GetStreamAsync(new Uri("/api/live", UriKind.Relative), http.RequestAborted));
        while (await lines.ReadLineAsync(http.RequestAborted) is { } line)
        {
            if (line.StartsWith("data: {", StringComparison.Ordinal))
            {
                var state = JsonNode.Parse(line["data: ".Length..])!.AsObject();
                change(state);
                line = $"data: {state.ToJsonString()}";
            }

            if (IsFrozen)
            {
                await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            }

            await http.Response.WriteAsync(line + "\n", http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
    }

    private async Task PassAsync(HttpContext http)
    {
        using var answer = await _totals.GetAsync(new Uri(http.Request.Path, UriKind.Relative), http.RequestAborted);
        http.Response.StatusCode = (int)answer.StatusCode;
        foreach (var header in answer.Headers.Concat(answer.Content.Headers).Where(static header => header.Key is "Content-Type" or "Content-Security-Policy"))
        {
            http.Response.Headers[header.Key] = header.Value.ToArray();
        }

        await answer.Content.CopyToAsync(http.Response.Body, http.RequestAborted);
    }
}
