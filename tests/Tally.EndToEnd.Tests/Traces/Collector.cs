using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tally.EndToEnd.Tests.Traces.Otlp;

namespace Tally.EndToEnd.Tests.Traces;

/// <summary>A span as it came over the wire, and the service that it's of.</summary>
internal sealed record Received(string Service, string Scope, Span Span)
{
    public string Trace => Convert.ToHexStringLower(Span.TraceId.Span);

    public string Id => Convert.ToHexStringLower(Span.SpanId.Span);

    public string Parent => Convert.ToHexStringLower(Span.ParentSpanId.Span);

    public IEnumerable<string> Links => Span.Links.Select(link => Convert.ToHexStringLower(link.SpanId.Span));

    public AnyValue? this[string attribute] => Span.Attributes.FirstOrDefault(each => each.Key == attribute)?.Value;
}

/// <summary>Takes traces over OTLP (HTTP and protobuf), as a collector does.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Received> _spans = [];

    private Collector(WebApplication app) => _app = app;

    /// <summary>What a program needs to send its traces here.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        // Those for traces alone win.
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9",
        ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = $"{_app.Urls.Single()}/v1/traces",
        ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf",
        ["OTEL_TRACES_SAMPLER"] = "parentbased_always_off",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
    };

    public static async Task<Collector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var collector = new Collector(builder.Build());
        collector._app.MapPost("/v1/traces", collector.TakeAsync);
        await collector._app.StartAsync();
        return collector;
    }

    /// <summary>All spans of a trace that have come so far.</summary>
    public IReadOnlyList<Received> Of(string trace) => [.. _spans.Where(span => span.Trace == trace)];

    /// <summary>All spans that have come so far.</summary>
    public IReadOnlyList<Received> All => [.. _spans];

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        foreach (var resource in ExportTraceServiceRequest.Parser.ParseFrom(body.ToArray()).ResourceSpans)
        {
            var service = resource.Resource.Attributes.Single(each => each.Key == "service.name").Value.StringValue;
            foreach (var scope in resource.ScopeSpans)
            {
                foreach (var span in scope.Spans)
                {
                    _spans.Enqueue(new Received(service, scope.Scope.Name, span));
                }
            }
        }

        http.Response.ContentType = "application/x-protobuf";
    }
}
