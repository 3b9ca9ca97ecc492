using Tally.Grpc.Tests.Support;

namespace Tally.Grpc.Tests;

/// <summary>The gRPC project's own interoperability cases, run by its client for Go.</summary>
public class InteropTests
{
    [TheoryWith("grpc-interop-client")]
    [InlineData("empty_unary")]
    [InlineData("large_unary")]
    [InlineData("client_streaming")]
    [InlineData("server_streaming")]
    [InlineData("ping_pong")]
    [InlineData("empty_stream")]
    [InlineData("status_code_and_message")]
    [InlineData("special_status_message")]
    [InlineData("unimplemented_method")]
    [InlineData("unimplemented_service")]
    [InlineData("cancel_after_begin")]
    [InlineData("cancel_after_first_response")]
    [InlineData("custom_metadata")]
    [InlineData("timeout_on_sleeping_server")]
    public async Task The_case_passes(string name)
    {
        await using var server = await TestServer.ServingAsync<InteropService>();

        await ExternalProgram.RunAsync(
            "grpc-interop-client", [$"-test_case={name}", $"-server_host={server.Address.Host}", $"-server_port={server.Address.Port}"]);
    }
}
