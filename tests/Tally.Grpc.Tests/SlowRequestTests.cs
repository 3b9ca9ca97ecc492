using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Tally.Grpc.Tests.Support;

namespace Tally.Grpc.Tests;

public class SlowRequestTests
{
    [Fact(Timeout = 60_000)]
    public async Task A_request_may_come_more_slowly_than_kestrel_allows()
    {
        await using var server = await TestServer.ServingAsync<InteropService>(services => services.Configure<KestrelServerOptions>(
            kestrel => kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(1.1))));
        using var request = new HttpRequestMessage(HttpMethod.Post, RawCall.UnaryPath)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new HesitantContent(),
        };

        using var response = await server.Http.SendAsync(request);
        await response.Content.LoadIntoBufferAsync();

        Assert.Equal("0", response.TrailingHeaders.GetValues("grpc-status").Single());
    }

    /// <summary>An empty message whose last byte comes four seconds behind the others.</summary>
    private sealed class HesitantContent : HttpContent
    {
        public HesitantContent() => Headers.ContentType = new MediaTypeHeaderValue("application/grpc");

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(RawCall.Empty.AsMemory(0, 4));
            await stream.FlushAsync();
            await Task.Delay(TimeSpan.FromSeconds(4));
            await stream.WriteAsync(RawCall.Empty.AsMemory(4));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
