using System.Buffers.Binary;
using System.Globalization;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Tally.Contracts.V1;
using Tally.Telemetry;
using Tally.Telemetry.Hosting;

namespace Tally.Bench.Servers;

/// <summary>The baseline: a Kestrel handler that reads and writes the same messages by hand, with no gRPC library at all.</summary>
internal static class BareServer
{
    private const int HeaderLength = 5;
    private static long _sequence;

    public static Task<int> RunAsync(string[] args) => TallyService.RunAsync(args, static args =>
    {
        var builder = TallyService.CreateBuilder(args);
        builder.AddTallyLogging();
        builder.AddTallyListeners(grpc: "127.0.0.1:0", http: "127.0.0.1:0");
        var app = builder.Build();
        app.MapPost("/tally.v1.Calculator/Add", AnswerAsync);
        app.MapGet("/metrics", static () => string.Create(CultureInfo.InvariantCulture, $"{ServerProcess.AllocatedMetric} {GC.GetTotalAllocatedBytes()}\n"));
        return app;
    });

    private static async Task AnswerAsync(HttpContext context)
    {
        var reader = context.Request.BodyReader;
        var body = await reader.ReadAsync();
        while (!body.IsCompleted)
        {
            reader.AdvanceTo(body.Buffer.Start, body.Buffer.End);
            body = await reader.ReadAsync();
        }

        var request = AddRequest.Parser.ParseFrom(body.Buffer.Slice(HeaderLength));
        reader.AdvanceTo(body.Buffer.End);
        var reply = Addition.Answer(request, Interlocked.Increment(ref _sequence));

        context.Response.ContentType = "application/grpc";
        var length = reply.CalculateSize();
        var span = context.Response.BodyWriter.GetSpan(HeaderLength + length);
        span[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(span[1..], length);
        reply.WriteTo(span.Slice(HeaderLength, length));
        context.Response.BodyWriter.Advance(HeaderLength + length);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
