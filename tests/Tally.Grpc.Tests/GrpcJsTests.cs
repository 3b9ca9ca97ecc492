using System.Text.Json;
using Grpc.Core;
using Tally.Grpc.Tests.Support;

namespace Tally.Grpc.Tests;

public class GrpcJsTests
{
    [FactWithGrpcJs]
    public async Task JavaScript_sees_what_it_should()
    {
        await using var server = await TestServer.ServingAsync<InteropService>();
        var here = AppContext.BaseDirectory;
        var script = Path.Combine(GrpcJs.Folder!, $"client-{Environment.ProcessId}.cjs"); // Beside the package, so that it is found.
        File.Copy(Path.Combine(here, "js", "client.cjs"), script, overwrite: true);
        try
        {
            var output = await ExternalProgram.RunAsync("node", [script, server.Authority, Path.Combine(here, "protos")]);
            AssertAll(JsonDocument.Parse(output).RootElement);
        }
        finally
        {
            File.Delete(script);
        }
    }

    private static void AssertAll(JsonElement seen)
    {
        Assert.Equal(314_159, seen.GetProperty("large").GetProperty("size").GetInt32());

        var metadata = seen.GetProperty("metadata");
        Assert.Equal("hello", metadata.GetProperty("headers").GetProperty("x-grpc-test-echo-initial")[0].GetString());
        var bytes = metadata.GetProperty("trailers").GetProperty("x-grpc-test-echo-trailing-bin")[0].GetProperty("data");
        Assert.Equal([0xab, 0xab, 0xab], bytes.EnumerateArray().Select(value => value.GetInt32()));

        var status = seen.GetProperty("status");
        Assert.Equal("\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n", status.GetProperty("details").GetString());
        AssertCode(StatusCode.Unknown, status);
        AssertCode(StatusCode.DeadlineExceeded, seen.GetProperty("deadline"));
        AssertCode(StatusCode.Unimplemented, seen.GetProperty("unimplementedMethod"));
        AssertCode(StatusCode.Unimplemented, seen.GetProperty("unimplementedService"));
        AssertCode(StatusCode.DeadlineExceeded, seen.GetProperty("timeoutOnSleepingServer"));
        AssertStream([31_415, 9, 2_653, 58_979], seen.GetProperty("serverStreaming"));
        AssertStream([1, 2, 3], seen.GetProperty("duplex"));
    }

    private static void AssertCode(StatusCode expected, JsonElement call) => Assert.Equal((int)expected, call.GetProperty("code").GetInt32());

    private static void AssertStream(int[] sizes, JsonElement call)
    {
        AssertCode(StatusCode.OK, call);
        Assert.Equal(sizes, call.GetProperty("sizes").EnumerateArray().Select(size => size.GetInt32()));
    }
}
