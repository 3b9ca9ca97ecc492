using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;
using Tally.Telemetry.Hosting;

namespace Tally.Totals.Live;

/// <summary>The files of the live page, which are part of this program. Each is asked for again, and sent again only when it changed.</summary>
internal static class LivePage
{
    // Nothing from elsewhere, nothing inline, in nobody's frame. The charts set styles from script, which this allows.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly (string Path, string File, string ContentType)[] Files =
    [
        ("/", "index.html", "text/html; charset=utf-8"),
        ("/live.js", "live.js", "text/javascript; charset=utf-8"),
        ("/live.css", "live.css", "text/css; charset=utf-8"),
        ("/uPlot.js", "vendor.uPlot.js", "text/javascript; charset=utf-8"),
        ("/uPlot.css", "vendor.uPlot.css", "text/css; charset=utf-8"),
        ("/favicon.svg", "favicon.svg", "image/svg+xml"),
    ];

    /// <summary>Serves the page and what it asks for, on the HTTP listener.</summary>
    public static void MapLivePage(this WebApplication app)
    {
        foreach (var (path, file, contentType) in Files)
        {
            var content = Read(file);
            var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 8))}\"");
            app.MapGet(path, (RequestDelegate)(context => SendAsync(context, content, contentType, tag))).RequireHttpListener();
        }

        app.MapGet("/api/live", (RequestDelegate)app.Services.GetRequiredService<LiveStream>().AnswerAsync).RequireHttpListener();
        app.MapPost("/api/add", (RequestDelegate)app.Services.GetRequiredService<AddEndpoint>().AnswerAsync).RequireHttpListener();
    }

    private static Task SendAsync(HttpContext context, byte[] content, string contentType, EntityTagHeaderValue tag)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers[HeaderNames.CacheControl] = "no-cache";
        headers["Referrer-Policy"] = "no-referrer";
        return TypedResults.Bytes(content, contentType, entityTag: tag).ExecuteAsync(context);
    }

    private static byte[] Read(string file)
    {
        using var stream = typeof(LivePage).Assembly.GetManifestResourceStream($"Tally.Totals.Live.page.{file}")!;
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
