using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Tally.Grpc.Tests.Support;

namespace Tally.Grpc.Tests;

/// <summary>grpcurl knows no protos here: what it needs it asks the server for.</summary>
public class GrpcurlTests
{
    [FactWith("grpcurl")]
    public async Task Services_are_listed() => Assert.Equal(
        ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.testing.TestService"],
        (await Grpcurl([], "list")).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    [FactWith("grpcurl")]
    public async Task Methods_and_messages_are_described()
    {
        Assert.Contains("rpc UnaryCall", await Grpcurl([], "describe", "grpc.testing.TestService"), StringComparison.Ordinal);
        Assert.Contains("PayloadType response_type = 1", await Grpcurl([], "describe", "grpc.testing.SimpleRequest"), StringComparison.Ordinal);
    }

    [FactWith("grpcurl")]
    public async Task A_unary_call_is_answered() => Assert.Contains(
        "\"body\": \"AAAA\"", await Grpcurl(["-d", """{"response_size": 3}"""], "grpc.testing.TestService/UnaryCall"), StringComparison.Ordinal);

    [FactWith("grpcurl")]
    public async Task A_stream_is_answered()
    {
        const string Requests = """{"response_parameters": [{"size": 1}]} {"response_parameters": [{"size": 2}, {"size": 3}]}""";

        var answers = await Grpcurl(["-d", Requests], "grpc.testing.TestService/FullDuplexCall");

        Assert.Equal(3, answers.Split("\"payload\"").Length - 1);
    }

    [FactWith("grpcurl")]
    public async Task Health_is_told() =>
        Assert.Contains("\"status\": \"SERVING\"", await Grpcurl([], "grpc.health.v1.Health/Check"), StringComparison.Ordinal);

    private static async Task<string> Grpcurl(string[] options, params string[] what)
    {
        await using var server = await TestServer.StartAsync(
            services =>
            {
                services.AddGrpc();
                services.AddGrpcReflection().AddGrpcHealthChecks();
            },
            app =>
            {
                app.MapGrpcService<InteropService>();
                app.MapGrpcHealthChecksService();
                app.MapGrpcReflectionService();
            });
        return await ExternalProgram.RunAsync("grpcurl", ["-plaintext", .. options, server.Authority, .. what]);
    }
}
