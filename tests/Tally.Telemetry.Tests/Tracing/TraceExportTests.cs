using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tally.Telemetry.Tracing;

namespace Tally.Telemetry.Tests.Tracing;

/// <summary>Spans as a collector gets them.</summary>
public class TraceExportTests
{
    [Fact]
    public async Task They_go_over_gRPC_unless_a_variable_says_otherwise()
    {
        var received = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var collector = await StartCollectorAsync(received.SetResult);
        var settings = new OtlpSettings(name => name == "OTEL_EXPORTER_OTLP_ENDPOINT" ? collector.Urls.Single() : null);
        var name = $"span-{Guid.NewGuid():N}";

        using (new TraceExport(new ServiceIdentity("test", "test-1"), settings, NullLogger<TraceExport>.Instance))
        {
            using var source = new ActivitySource("Tally.TraceExportTests");
            source.StartActivity(name)!.Dispose();
        }

        var request = Encoding.UTF8.GetString(await received.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains(name, request, StringComparison.Ordinal);
        Assert.Contains("test-1", request, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_commit_of_a_thousand_traced_calls_is_linked_to_each()
    {
        var received = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var collector = await StartCollectorAsync(received.SetResult);
        var settings = new OtlpSettings(name => name == "OTEL_EXPORTER_OTLP_ENDPOINT" ? collector.Urls.Single() : null);
        var calls = Enumerable.Range(0, 1_000)
            .Select(static _ => new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded))
            .ToList();

        using (new TraceExport(new ServiceIdentity("test", "test-1"), settings, NullLogger<TraceExport>.Instance))
        {
            using var source = new ActivitySource("Tally.TraceExportTests");
            source.StartActivity("INSERT outbox_batches", ActivityKind.Client, calls[0], links: calls.Select(static call => new ActivityLink(call)))!.Dispose();
        }

        var request = await received.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.All(calls, call => Assert.True(request.AsSpan().IndexOf(Convert.FromHexString(call.SpanId.ToHexString())) >= 0, "a call isn't linked"));
    }

    /// <summary>Takes one export call, as gRPC: a frame in, an empty frame and a good status out.</summary>
    private static async Task<WebApplication> StartCollectorAsync(Action<byte[]> received)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(listen => listen.Protocols = HttpProtocols.Http2));
        builder.Logging.ClearProviders();
        var collector = builder.Build();
        collector.MapPost("/opentelemetry.proto.collector.trace.v1.TraceService/Export", async http =>
        {
            using var frame = new MemoryStream();
            await http.Request.Body.CopyToAsync(frame);
            http.Response.ContentType = "application/grpc";
            await http.Response.Body.WriteAsync(new byte[5]);
            http.Response.AppendTrailer("grpc-status", "0");
            received(frame.ToArray());
        });
        await collector.StartAsync();
        return collector;
    }
}
