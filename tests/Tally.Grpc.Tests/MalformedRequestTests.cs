using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Tally.Grpc.Tests.Support;

namespace Tally.Grpc.Tests;

public class MalformedRequestTests
{
    private const int Patience = 60_000;

    [Theory(Timeout = Patience)]
    [InlineData("", StatusCode.Unimplemented)] // no message
    [InlineData("0000000000 0000000000", StatusCode.Unimplemented)] // two
    [InlineData("0000000000 00", StatusCode.Unimplemented)] // one and the start of another
    [InlineData("000000", StatusCode.Internal)] // half a header
    [InlineData("0000000005 0102", StatusCode.Internal)] // half a payload
    [InlineData("0000000002 FFFF", StatusCode.Internal)] // not protobuf
    [InlineData("0700000000", StatusCode.Internal)] // unknown flag
    [InlineData("0100000000", StatusCode.Internal)] // compressed, who knows how
    [InlineData("00FFFFFFFF", StatusCode.ResourceExhausted)] // four gigabytes
    public async Task Bytes_that_are_no_request_get_the_right_status(string hex, StatusCode expected)
    {
        await using var server = await TestServer.ServingAsync<InteropService>();

        var answer = await server.Http.PostAsync(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));

        Assert.Equal(HttpStatusCode.OK, answer.HttpStatus);
        Assert.Equal(((int)expected).ToString(), answer.Status);
        Assert.Empty(answer.Body);
        Assert.NotEmpty(answer.Message);
    }

    [Fact(Timeout = Patience)]
    public async Task Compressed_messages_are_refused_and_it_is_said_what_is_accepted()
    {
        await using var server = await TestServer.ServingAsync<InteropService>();

        var answer = await server.Http.PostAsync([1, 0, 0, 0, 1, 0], headers: ("grpc-encoding", "gzip"));

        Assert.Equal("12", answer.Status);
        Assert.Equal("identity", answer.Headers["grpc-accept-encoding"]);
        Assert.Contains("gzip", answer.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Patience)]
    public async Task Naming_that_there_is_no_compression_does_no_harm()
    {
        await using var server = await TestServer.ServingAsync<InteropService>();

        Assert.Equal("0", (await server.Http.PostAsync(RawCall.Empty, headers: ("grpc-encoding", "identity"))).Status);
    }

    [Theory(Timeout = Patience)]
    [InlineData("/grpc.testing.TestService/Missing")]
    [InlineData("/no.such.Service/Missing")]
    [InlineData("/grpc.testing.TestService/UnimplementedCall")]
    public async Task What_is_not_served_is_unimplemented(string path)
    {
        await using var server = await TestServer.ServingAsync<InteropService>();

        var answer = await server.Http.PostAsync(RawCall.Empty, path);

        Assert.Equal((HttpStatusCode.OK, "12"), (answer.HttpStatus, answer.Status));
    }

    [Theory(Timeout = Patience)]
    [InlineData("application/json", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/grpc-web", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/grpc+json", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/grpc", HttpStatusCode.OK)]
    [InlineData("application/grpc+proto", HttpStatusCode.OK)]
    [InlineData("application/grpc;charset=utf-8", HttpStatusCode.OK)]
    public async Task Only_content_of_grpc_is_taken(string contentType, HttpStatusCode expected)
    {
        await using var server = await TestServer.ServingAsync<InteropService>();

        Assert.Equal(expected, (await server.Http.PostAsync(RawCall.Empty, contentType: contentType)).HttpStatus);
    }

    [Fact(Timeout = Patience)]
    public async Task Other_requests_than_posts_get_an_error_of_http()
    {
        await using var server = await TestServer.ServingAsync<InteropService>();

        using var get = await server.Http.GetAsync(RawCall.UnaryPath);
        using var elsewhere = await server.Http.PostAsync(new Uri("/no/such", UriKind.Relative), new StringContent("{}"));

        Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, elsewhere.StatusCode);
    }

    [Fact(Timeout = Patience)]
    public async Task Http_1_is_told_that_it_is_too_old()
    {
        await using var server = await TestServer.ServingAsync<InteropService>(protocols: HttpProtocols.Http1);
        using var http = new HttpClient { BaseAddress = server.Address, DefaultRequestVersion = HttpVersion.Version11 };

        var answer = await http.PostAsync(RawCall.Empty);

        Assert.Equal(HttpStatusCode.UpgradeRequired, answer.HttpStatus);
        Assert.Contains("HTTP/2", answer.Message, StringComparison.Ordinal);
    }

    [Theory(Timeout = Patience)]
    [InlineData("soon", StatusCode.Internal)]
    [InlineData("1", StatusCode.Internal)]
    [InlineData("0m", StatusCode.DeadlineExceeded)]
    [InlineData("99999999H", StatusCode.OK)]
    [InlineData("2000H", StatusCode.OK)]
    public async Task Odd_timeouts_get_the_right_status(string timeout, StatusCode expected)
    {
        await using var server = await TestServer.ServingAsync<InteropService>();

        var answer = await server.Http.PostAsync(RawCall.Empty, headers: ("grpc-timeout", timeout));

        Assert.Equal(((int)expected).ToString(), answer.Status);
    }

    [Fact(Timeout = Patience)]
    public async Task A_binary_header_that_is_not_base64_fails_the_call_that_looks_at_it()
    {
        await using var server = await TestServer.ServingAsync<InteropService>();

        var answer = await server.Http.PostAsync(RawCall.Empty, headers: ("x-grpc-test-echo-trailing-bin", "***"));

        Assert.Equal("13", answer.Status);
        Assert.Contains("x-grpc-test-echo-trailing-bin", answer.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Patience)]
    public async Task A_status_without_a_message_comes_in_the_headers_alone()
    {
        await using var server = await TestServer.ServingAsync<InteropService>();

        var refused = await server.Http.PostAsync([]);
        var served = await server.Http.PostAsync(RawCall.Empty);

        Assert.True(refused.Headers.ContainsKey("grpc-status"));
        Assert.Empty(refused.Trailers);
        Assert.False(served.Headers.ContainsKey("grpc-status"));
        Assert.Equal("0", served.Trailers["grpc-status"]);
    }
}
