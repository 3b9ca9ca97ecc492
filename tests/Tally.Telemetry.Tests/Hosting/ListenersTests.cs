using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Tally.Telemetry.Hosting;

namespace Tally.Telemetry.Tests.Hosting;

public class ListenersTests
{
    [Theory]
    [InlineData("/metrics")]
    [InlineData("/livez")]
    [InlineData("/readyz")]
    public async Task Metrics_and_health_are_on_the_HTTP_listener_only_whatever_host_is_asked_for(string path)
    {
        await using var service = await TestService.StartAsync();

        Assert.Equal(HttpStatusCode.OK, await AskAsync(service.Listeners.Http, HttpVersion.Version11, path));
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(service.Listeners.Grpc, HttpVersion.Version20, path));
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(service.Listeners.Grpc, HttpVersion.Version20, path, service.Listeners.Http.ToString()));
    }

    [Fact]
    public async Task A_handler_with_parameters_can_be_kept_off_the_gRPC_listener_too()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/api/{name}", (string name) => Results.Json(name)).RequireHttpListener());

        Assert.Equal("\"x\"", await service.Client.GetStringAsync("/api/x").Within());
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(service.Listeners.Grpc, HttpVersion.Version20, "/api/x"));
    }

    [Fact]
    public async Task The_gRPC_listener_speaks_HTTP_2_without_TLS_and_the_other_one_HTTP_1()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapPost("/x", () => "hello"));
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{service.Listeners.Grpc}/x")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        using var response = await client.SendAsync(request).Within();

        Assert.Equal(HttpVersion.Version20, response.Version);
        Assert.Equal("hello", await response.Content.ReadAsStringAsync().Within());
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(service.Listeners.Http, HttpVersion.Version20, "/livez"));
    }

    [Theory]
    [InlineData("127.0.0.1:50051", "127.0.0.1:50051")]
    [InlineData("localhost:8081", "127.0.0.1:8081")]
    [InlineData("0.0.0.0:0", "0.0.0.0:0")]
    [InlineData("[::1]:65535", "[::1]:65535")]
    public void An_address_is_a_host_and_a_port(string text, string expected)
    {
        Assert.True(ListenAddress.TryParse(text, out var endpoint));
        Assert.Equal(expected, endpoint.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("8081")]
    [InlineData(":8081")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("127.1:80")]
    [InlineData("::1:80")]
    [InlineData("example.org:80")]
    [InlineData("http://127.0.0.1:80")]
    public void Anything_else_is_not_an_address(string text) => Assert.False(ListenAddress.TryParse(text, out _));

    private static async Task<HttpStatusCode> AskAsync(IPEndPoint listener, Version version, string path, string? host = null)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{listener}{path}")
        {
            Version = version,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Host = host;
        using var response = await client.SendAsync(request).Within();
        return response.StatusCode;
    }
}
