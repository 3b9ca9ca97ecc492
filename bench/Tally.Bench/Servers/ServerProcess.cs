using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tally.Bench.Servers;

/// <summary>A server in a process of its own, on free ports, until it is disposed.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>The counter of what the runtime has allocated.</summary>
    public const string AllocatedMetric = "dotnet_gc_heap_total_allocated_bytes_total";

    private readonly Process _process;

    private ServerProcess(Process process, int grpc, int http)
    {
        _process = process;
        Address = new Uri($"http://127.0.0.1:{grpc}");
        Http = new Uri($"http://127.0.0.1:{http}");
    }

    /// <summary>Where it takes calls.</summary>
    public Uri Address { get; }

    /// <summary>Where it tells how it is.</summary>
    public Uri Http { get; }

    /// <summary>Its number.</summary>
    public int Pid => _process.Id;

    /// <summary>The largest resident size that it had.</summary>
    public double PeakMegabytes => Figures.Machine.PeakMegabytes(_process.Id);

    /// <summary>How many bytes it has allocated since it began, as its metrics say.</summary>
    public async Task<double> AllocatedBytesAsync()
    {
        using var http = new HttpClient { BaseAddress = Http };
        var lines = (await http.GetStringAsync("/metrics")).Split('\n');
        var line = lines.First(line => line.StartsWith(AllocatedMetric, StringComparison.Ordinal));
        return double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    public static Task<ServerProcess> StartAsync(string program, params string[] args) =>
        StartAsync(program, new Dictionary<string, string>(StringComparer.Ordinal), args);

    /// <summary>With additions to its environment.</summary>
    public static async Task<ServerProcess> StartAsync(string program, IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        var (grpc, http) = (FreePort(), FreePort());
        var start = new ProcessStartInfo(program, [.. args, $"--Listen:Grpc=127.0.0.1:{grpc}", $"--Listen:Http=127.0.0.1:{http}"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        var server = new ServerProcess(process, grpc, http);
        await server.ReadyAsync(grpc, new Uri(server.Http, "/readyz"));
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task ReadyAsync(int grpc, Uri readyz)
    {
        using var http = new HttpClient();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await timer.WaitForNextTickAsync())
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"The server ended with exit code {_process.ExitCode}.");
            }

            try
            {
                // A server without a health endpoint is ready when it listens.
                using var answer = await http.GetAsync(readyz);
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, grpc);
                if (answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound)
                {
                    return;
                }
            }
            catch (Exception fault) when (fault is HttpRequestException or SocketException)
            {
                // Not yet.
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
