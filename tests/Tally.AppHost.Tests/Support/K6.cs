using System.Diagnostics;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Support;

/// <summary>A short load test with a real k6 that sends its numbers to Prometheus, as docs/telemetry.md says.</summary>
internal static class K6
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    // More is asked for than two users can do: some iterations are dropped. Some calls are wrong, so that some checks fail.
    private const string Script = """
        import grpc from 'k6/net/grpc';
        import { check } from 'k6';

        const client = new grpc.Client();
        client.load([__ENV.PROTOS], 'tally/v1/calculator.proto');
        export const options = { scenarios: { add: { executor: 'constant-arrival-rate', rate: 2000, duration: '12s', preAllocatedVUs: 2, maxVUs: 2 } } };

        let connected = false;
        export default function () {
          if (!connected) {
            client.connect(__ENV.ADDRESS, { plaintext: true });
            connected = true;
          }

          const a = __ITER % 20 === 0 ? 'wrong' : '1';
          check(client.invoke('tally.v1.Calculator/Add', { a, b: '1' }), { answered: (reply) => reply.status === grpc.StatusOK });
        }

        """;

    /// <summary>Whether there is one.</summary>
    public static bool IsHere => ToolFactAttribute.FindProgram("k6") is not null;

    /// <summary>Runs it to its end.</summary>
    /// <param name="protos">The folder with the protos.</param>
    /// <param name="address">A Calculator's gRPC, <c>host:port</c>.</param>
    /// <param name="prometheus">Where the numbers go.</param>
    public static async Task RunAsync(string protos, string address, Uri prometheus)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.In("add.js"), Script);
        var start = new ProcessStartInfo("k6", ["run", "--quiet", "--tag", "testid=short", "--out", "experimental-prometheus-rw", folder.In("add.js")])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["PROTOS"] = protos,
                ["ADDRESS"] = address,
                ["K6_NO_USAGE_REPORT"] = "true",
                ["K6_PROMETHEUS_RW_SERVER_URL"] = $"{new Uri(prometheus, "/api/v1/write")}",
                ["K6_PROMETHEUS_RW_TREND_STATS"] = "p(50),p(95),p(99),max",
                ["K6_PROMETHEUS_RW_PUSH_INTERVAL"] = "1s",
                ["K6_PROMETHEUS_RW_STALE_MARKERS"] = "true",
            },
        };
        using var k6 = Process.Start(start)!;
        try
        {
            var said = await Task.WhenAll(k6.StandardOutput.ReadToEndAsync(), k6.StandardError.ReadToEndAsync()).Within(Patience);
            await k6.WaitForExitAsync().Within(Patience);
            Assert.True(k6.ExitCode == 0, string.Concat(said));
        }
        finally
        {
            k6.Kill();
        }
    }
}
