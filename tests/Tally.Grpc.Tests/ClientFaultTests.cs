using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tally.Grpc.Tests.Support;

namespace Tally.Grpc.Tests;

/// <summary>What the client makes of servers that fail, or are none.</summary>
public class ClientFaultTests
{
    private const int Patience = 60_000;

    [Theory(Timeout = Patience)]
    [InlineData(400, StatusCode.Internal)]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(500, StatusCode.Unknown)]
    [InlineData(502, StatusCode.Unavailable)]
    [InlineData(503, StatusCode.Unavailable)]
    [InlineData(504, StatusCode.Unavailable)]
    [InlineData(200, StatusCode.Unknown)]
    public async Task A_status_of_http_becomes_one_of_grpc(int http, StatusCode expected) => Assert.Equal(expected, (await CallOf(context =>
    {
        context.Response.StatusCode = http;
        return context.Response.WriteAsync("<html>");
    })).StatusCode);

    [Fact(Timeout = Patience)]
    public async Task A_status_of_grpc_counts_more_than_the_one_of_http() => Assert.Equal(new Status(StatusCode.Aborted, "so it is"), await CallOf(context =>
    {
        context.Response.StatusCode = 503;
        context.Response.Headers.GrpcStatus = "10";
        context.Response.Headers.GrpcMessage = "so it is";
        return Task.CompletedTask;
    }));

    [Theory(Timeout = Patience)]
    [InlineData("0000000000", null, StatusCode.Unknown)]
    [InlineData("0000000000", "77", StatusCode.Unknown)]
    [InlineData("0000000000", "nonsense", StatusCode.Unknown)]
    [InlineData("", "0", StatusCode.Unimplemented)]
    [InlineData("00000000000000000000", "0", StatusCode.Unimplemented)]
    [InlineData("0000000005", "0", StatusCode.Internal)]
    [InlineData("000000", "0", StatusCode.Internal)]
    [InlineData("0000000001FF", "0", StatusCode.Internal)]
    [InlineData("0100000000", "0", StatusCode.Internal)]
    [InlineData("0000000000", "8", StatusCode.ResourceExhausted)]
    public async Task Answers_against_the_rules_have_a_status(string body, string? status, StatusCode expected) =>
        Assert.Equal(expected, (await CallOf(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(Convert.FromHexString(body));
            if (status is not null)
            {
                context.Response.AppendTrailer("grpc-status", status);
            }
        })).StatusCode);

    [Theory(Timeout = Patience)]
    [InlineData(0x0, StatusCode.Internal)]
    [InlineData(0x2, StatusCode.Internal)]
    [InlineData(0x7, StatusCode.Unavailable)]
    [InlineData(0x8, StatusCode.Cancelled)]
    [InlineData(0xb, StatusCode.ResourceExhausted)]
    [InlineData(0xc, StatusCode.PermissionDenied)]
    public async Task A_reset_call_has_a_status(int code, StatusCode expected) => Assert.Equal(expected, (await CallOf(async context =>
    {
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.FlushAsync();
        context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(code);
    })).StatusCode);

    [Fact(Timeout = Patience)]
    public async Task A_connection_that_breaks_is_unavailable() => Assert.Equal(StatusCode.Unavailable, (await CallOf(context =>
    {
        context.Features.GetRequiredFeature<Microsoft.AspNetCore.Connections.Features.IConnectionLifetimeFeature>().Abort();
        return Task.CompletedTask;
    })).StatusCode);

    [Fact(Timeout = Patience)]
    public async Task A_server_that_is_not_there_is_unavailable_and_surely_got_nothing()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // Taken, and nobody listens.
        using var channel = GrpcChannel.ForAddress($"http://{socket.LocalEndPoint}");

        var status = await StatusOf(channel);

        Assert.Equal(StatusCode.Unavailable, status.StatusCode);
        Assert.Equal(HttpRequestError.ConnectionError, Assert.IsType<HttpRequestException>(status.DebugException).HttpRequestError);
    }

    [Fact(Timeout = Patience)]
    public async Task A_server_that_never_answers_is_left_at_the_deadline()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var channel = GrpcChannel.ForAddress($"http://{listener.LocalEndpoint}");

        var thrown = await Assert.ThrowsAsync<RpcException>(async () =>
            await new TestService.TestServiceClient(channel).UnaryCallAsync(new SimpleRequest(), deadline: DateTime.UtcNow.AddMilliseconds(200)));

        Assert.Equal(StatusCode.DeadlineExceeded, thrown.StatusCode);
    }

    [Fact(Timeout = Patience)]
    public async Task A_connection_that_answers_no_ping_is_unavailable()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var pings = new SocketsHttpHandler { KeepAlivePingDelay = TimeSpan.FromSeconds(1), KeepAlivePingTimeout = TimeSpan.FromSeconds(1) };
        using var channel = GrpcChannel.ForAddress($"http://{listener.LocalEndpoint}", new GrpcChannelOptions { HttpHandler = pings });

        var status = StatusOf(channel);
        using var silent = await listener.AcceptSocketAsync();

        // Settings, without any; and nothing else, ever.
        await silent.SendAsync(new byte[] { 0, 0, 0, 4, 0, 0, 0, 0, 0 });

        Assert.Equal(StatusCode.Unavailable, (await status).StatusCode);
    }

    [Fact(Timeout = Patience)]
    public async Task A_server_that_does_not_speak_http_2_is_no_crash()
    {
        await using var server = await TestServer.StartAsync(
            _ => { }, app => app.Run(_ => Task.CompletedTask), Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols.Http1);

        Assert.NotEqual(StatusCode.OK, (await StatusOf(server.Channel)).StatusCode);
    }

    [Fact]
    public void Only_addresses_of_http_are_taken() => Assert.Throws<ArgumentException>(() => GrpcChannel.ForAddress("ftp://somewhere"));

    private static async Task<Status> CallOf(RequestDelegate server)
    {
        await using var running = await TestServer.StartAsync(_ => { }, app => app.Run(server));
        return await StatusOf(running.Channel);
    }

    private static async Task<Status> StatusOf(GrpcChannel channel) =>
        (await Assert.ThrowsAsync<RpcException>(async () => await new TestService.TestServiceClient(channel).UnaryCallAsync(new SimpleRequest()))).Status;
}
