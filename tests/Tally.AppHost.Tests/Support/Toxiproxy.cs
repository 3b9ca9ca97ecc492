using System.Net;
using System.Net.Http.Json;
using Tally.AppHost.Components.Processes;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Support;

/// <summary>What can happen to the network between two.</summary>
public enum NetworkFault
{
    /// <summary>Connections end, and there are no new ones.</summary>
    Cut,

    /// <summary>Each answer comes a second later.</summary>
    Slow,

    /// <summary>Few bytes a second pass, each way.</summary>
    Throttled,

    /// <summary>
    /// Nothing passes, and nobody learns of it. When that is over new connections work, but the old ones are dead for ever, as behind a router that forgot them.
    /// </summary>
    HalfOpen,
}

/// <summary>Shopify's toxiproxy: proxies on loopback whose network can be broken.</summary>
internal sealed class Toxiproxy : IAsyncDisposable
{
    public const string Program = "toxiproxy-server";

    private const int Latency = 1_000;
    private const int KilobytesPerSecond = 5;
    private const int Forever = 24 * 60 * 60 * 1_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly string[] Streams = ["upstream", "downstream"];

    private readonly ChildProcess _server;
    private readonly HttpClient _api;

    private Toxiproxy(ChildProcess server, int port)
    {
        _server = server;
        _api = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}"),
            Timeout = Patience,
        };
    }

    public static async Task<Toxiproxy> StartAsync(string logFile)
    {
        var port = Ports.Free();
        var program = ToolFactAttribute.FindProgram(Program) ?? throw new InvalidOperationException($"{Program} isn't on the PATH.");
        var started = new Toxiproxy(ProcessLauncher.Start(new LaunchPlan(program, ["-host", "127.0.0.1", "-port", $"{port}"], logFile)), port);
        try
        {
            await Eventually.TrueAsync(started.AnswersAsync, Patience);
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    /// <summary>Listens at a port and passes everything on to another one.</summary>
    public Task AddAsync(string name, int port, int upstream) => PostAsync(
        "proxies", new { name, listen = $"127.0.0.1:{port}", upstream = $"127.0.0.1:{upstream}", enabled = true });

    /// <summary>Ends all connections of a proxy, dead ones too, without a word to either side but the end.</summary>
    public async Task RemoveAsync(string name) => (await _api.DeleteAsync(new Uri($"proxies/{name}", UriKind.Relative))).EnsureSuccessStatusCode().Dispose();

    public async Task BreakAsync(string name, NetworkFault fault)
    {
        switch (fault)
        {
            case NetworkFault.Cut:
                await PostAsync($"proxies/{name}", new { enabled = false });
                break;
            case NetworkFault.Slow:
                await PoisonAsync(name, "latency", "downstream", new { latency = Latency });
                break;
            case NetworkFault.Throttled:
                await PoisonBothAsync(name, "bandwidth", new { rate = KilobytesPerSecond });
                break;
            default:
                // Without the second one toxiproxy closes the connections when the first one is taken away, and so tells both sides the truth.
                await PoisonBothAsync(name, "timeout", new { timeout = 0 });
                await PoisonBothAsync(name, "slow_close", new { delay = Forever });
                break;
        }
    }

    /// <summary>Takes <see cref="BreakAsync"/> back.</summary>
    public async Task MendAsync(string name, NetworkFault fault)
    {
        switch (fault)
        {
            case NetworkFault.Cut:
                await PostAsync($"proxies/{name}", new { enabled = true });
                break;
            case NetworkFault.Slow:
                await CureAsync(name, "latency", "downstream");
                break;
            case NetworkFault.Throttled:
                await CureBothAsync(name, "bandwidth");
                break;
            default:
                // In this order: connections that the first one dropped bytes of hang in the second one for ever, and all others are whole again.
                await CureBothAsync(name, "timeout");
                await CureBothAsync(name, "slow_close");
                break;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _api.Dispose();
        _server.Kill();
        await _server.Exited.Within(Patience);
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var answer = await _api.GetAsync(new Uri("version", UriKind.Relative));
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task PoisonBothAsync(string name, string type, object attributes)
    {
        foreach (var stream in Streams)
        {
            await PoisonAsync(name, type, stream, attributes);
        }
    }

    private Task PoisonAsync(string name, string type, string stream, object attributes) =>
        PostAsync($"proxies/{name}/toxics", new { name = $"{type}_{stream}", type, stream, attributes });

    private async Task CureBothAsync(string name, string type)
    {
        foreach (var stream in Streams)
        {
            await CureAsync(name, type, stream);
        }
    }

    private async Task CureAsync(string name, string type, string stream) =>
        (await _api.DeleteAsync(new Uri($"proxies/{name}/toxics/{type}_{stream}", UriKind.Relative))).EnsureSuccessStatusCode().Dispose();

    private async Task PostAsync(string path, object body) =>
        (await _api.PostAsJsonAsync(new Uri(path, UriKind.Relative), body)).EnsureSuccessStatusCode().Dispose();
}
