using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Testing;
using Tally.Grpc.Tests.Support;

namespace Tally.Grpc.Tests;

public class LimitTests
{
    private const int Patience = 60_000;

    [Fact(Timeout = Patience)]
    public async Task A_request_above_four_megabytes_is_refused_by_default()
    {
        await using var server = await TestServer.ServingAsync<InteropService>();

        var refusal = await Refused(server.Channel, RequestOf(5_000_000));

        Assert.Equal(StatusCode.ResourceExhausted, refusal.StatusCode);
        Assert.Contains("4194304", refusal.Detail, StringComparison.Ordinal);
        Assert.Contains("MaxReceiveMessageSize", refusal.Detail, StringComparison.Ordinal);
    }

    [Fact(Timeout = Patience)]
    public async Task The_limit_can_be_raised()
    {
        await using var server = await TestServer.ServingAsync<InteropService>(options: options => options.MaxReceiveMessageSize = null);

        Assert.NotNull(await new TestService.TestServiceClient(server.Channel).UnaryCallAsync(RequestOf(20_000_000)));
    }

    [Fact(Timeout = Patience)]
    public async Task A_request_above_kestrels_own_limit_is_refused_with_its_name()
    {
        await using var server = await TestServer.ServingAsync<InteropService>(options: options => options.MaxReceiveMessageSize = null);

        var refusal = await Refused(server.Channel, RequestOf(40_000_000));

        Assert.Equal(StatusCode.ResourceExhausted, refusal.StatusCode);
        Assert.Contains("MaxRequestBodySize", refusal.Detail, StringComparison.Ordinal);
    }

    [Fact(Timeout = Patience)]
    public async Task An_answer_above_the_servers_limit_fails_its_call()
    {
        await using var server = await TestServer.ServingAsync<InteropService>(options: options => options.MaxSendMessageSize = 1000);

        var refusal = await Refused(server.Channel, new SimpleRequest { ResponseSize = 1001 });

        Assert.Equal(StatusCode.ResourceExhausted, refusal.StatusCode);
        Assert.Contains("MaxSendMessageSize", refusal.Detail, StringComparison.Ordinal);
    }

    [Fact(Timeout = Patience)]
    public async Task A_client_has_its_own_limits_both_ways()
    {
        await using var server = await TestServer.ServingAsync<InteropService>();
        using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { MaxReceiveMessageSize = 1000, MaxSendMessageSize = 1000 });

        Assert.Equal(StatusCode.ResourceExhausted, (await Refused(channel, new SimpleRequest { ResponseSize = 1001 })).StatusCode);
        Assert.Equal(StatusCode.ResourceExhausted, (await Refused(channel, RequestOf(1001))).StatusCode);
    }

    private static SimpleRequest RequestOf(int size) => new() { Payload = new Payload { Body = ByteString.CopyFrom(new byte[size]) } };

    private static async Task<Status> Refused(GrpcChannel channel, SimpleRequest request) =>
        (await Assert.ThrowsAsync<RpcException>(async () => await new TestService.TestServiceClient(channel).UnaryCallAsync(request))).Status;
}
