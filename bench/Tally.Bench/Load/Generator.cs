using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Grpc.Net.Client;
using Tally.Bench.Servers;
using Tally.Contracts.V1;

namespace Tally.Bench.Load;

/// <summary>
/// Sends adds as fast as they are answered, over a few connections with many calls under way on each: h2load where it is on the PATH, which costs the
/// machine little, else the project's own client in a process of its own.
/// </summary>
internal sealed partial class Generator
{
    public const int Connections = 4;
    public const int CallsUnderWay = 128;

    public static readonly AddRequest Request = new() { A = "40", B = "2" };
    private readonly string? _h2load = Programs.Find("h2load");

    public string Name => _h2load is null ? "own client (h2load is not on the PATH)" : "h2load";

    /// <summary>Sends so many calls.</summary>
    /// <returns>Calls per second.</returns>
    public Task<double> SendAsync(Uri server, long calls) => SendAsync(server, calls, Connections);

    /// <summary>Sends so many calls to several servers at once. They share the connections, so that there are as many callers as one server alone would have.</summary>
    public Task SendAsync(IReadOnlyList<Uri> servers, long calls) => Task.WhenAll(servers.Select((server, at) =>
        SendAsync(server, (calls / servers.Count) + (at == 0 ? calls % servers.Count : 0), Connections / servers.Count)));

    /// <summary>Sends calls at a fixed rate, a second.</summary>
    public async Task SendAtRateAsync(Uri server, int rate, TimeSpan duration)
    {
        if (_h2load is not null)
        {
            await H2LoadAsync(_h2load, server, (long)(rate * duration.TotalSeconds), Connections, "--rps", $"{rate / Connections}");
            return;
        }

        await InOwnProcessAsync("send-at-rate", server.ToString(), $"{rate}", duration.TotalSeconds.ToString(CultureInfo.InvariantCulture));
    }

    private async Task<double> SendAsync(Uri server, long calls, int connections)
    {
        var began = Stopwatch.GetTimestamp();
        if (_h2load is not null)
        {
            return await H2LoadAsync(_h2load, server, calls, connections);
        }

        await InOwnProcessAsync("send", server.ToString(), calls.ToString(CultureInfo.InvariantCulture), $"{connections}");
        return calls / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task<double> H2LoadAsync(string program, Uri server, long calls, int connections, params string[] more)
    {
        var body = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(body, Frame(Request));
            string[] arguments =
            [
                "-n", calls.ToString(CultureInfo.InvariantCulture), "-c", $"{connections}", "-m", $"{CallsUnderWay}", "-t", "1", "-d", body, .. more,
                "-H", "content-type: application/grpc", "-H", "te: trailers", new Uri(server, "/tally.v1.Calculator/Add").ToString(),
            ];
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            var speed = Speed().Match(output);
            var answered = Answered().Match(output);
            return speed.Success && answered.Success && long.Parse(answered.Groups["value"].Value, CultureInfo.InvariantCulture) == calls
                ? double.Parse(speed.Groups["value"].Value, CultureInfo.InvariantCulture)
                : throw new InvalidOperationException($"h2load did not get {calls} answers:\n{output}");
        }
        finally
        {
            File.Delete(body);
        }
    }

    private static async Task InOwnProcessAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, arguments);
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"The generator ended with exit code {process.ExitCode}.");
        }
    }

    /// <summary>What the process of its own does.</summary>
    public static async Task<int> RunAsync(Uri server, long calls, int connections)
    {
        var left = calls;
        await Task.WhenAll(Enumerable.Range(0, connections).Select(async _ =>
        {
            using var channel = GrpcChannel.ForAddress(server);
            var client = new Contracts.V1.Calculator.CalculatorClient(channel);
            await Task.WhenAll(Enumerable.Range(0, CallsUnderWay).Select(async _ =>
            {
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    await client.AddAsync(Request);
                }
            }));
        }));
        return 0;
    }

    /// <summary>What the process of its own does at a fixed rate.</summary>
    public static async Task<int> RunAtRateAsync(Uri server, int rate, TimeSpan duration)
    {
        using var channel = GrpcChannel.ForAddress(server);
        var client = new Contracts.V1.Calculator.CalculatorClient(channel);
        await Pace.RunAsync(rate, duration, async _ => await client.AddAsync(Request));
        return 0;
    }

    private static byte[] Frame(AddRequest request)
    {
        var message = request.ToByteArray();
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    [GeneratedRegex("finished in [^,]+, (?<value>[0-9.]+) req/s", RegexOptions.NonBacktracking)]
    private static partial Regex Speed();

    [GeneratedRegex("status codes: (?<value>[0-9]+) 2xx", RegexOptions.NonBacktracking)]
    private static partial Regex Answered();
}
