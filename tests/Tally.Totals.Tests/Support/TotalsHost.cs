using System.Text.Json;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Tally.Kafka;
using Tally.Telemetry.Hosting;
using Tally.TestSupport;
using TotalsClient = Tally.Contracts.V1.Totals.TotalsClient;

namespace Tally.Totals.Tests.Support;

/// <summary>The whole service in this process, on free ports, as its Program makes it.</summary>
internal sealed class TotalsHost : IAsyncDisposable
{
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;
    private readonly HttpClient _http;
    private readonly Listeners _listeners;

    private TotalsHost(WebApplication app)
    {
        _app = app;
        _listeners = app.Services.GetRequiredService<Listeners>();
        _channel = GrpcChannel.ForAddress($"http://{_listeners.Grpc}");
        Client = new TotalsClient(_channel);
        Repair = new Contracts.V1.Repair.RepairClient(_channel);
        _http = new HttpClient { BaseAddress = new Uri($"http://{_listeners.Http}") };
    }

    /// <summary>Its HTTP listener.</summary>
    public HttpClient Http => _http;

    /// <summary>The address of its gRPC listener.</summary>
    public Uri GrpcAddress => new($"http://{_listeners.Grpc}");

    public TotalsClient Client { get; }

    public Contracts.V1.Repair.RepairClient Repair { get; }

    /// <summary>Starts it and waits until it's ready.</summary>
    public static async Task<TotalsHost> StartAsync(KafkaOptions kafka, string topic, string connectionString, params string[] more)
    {
        var host = await StartUnreadyAsync(kafka, topic, connectionString, more);
        await Eventually.TrueAsync(async () => (await host.GetAsync("/readyz")).Code == 200, Soon);
        return host;
    }

    public static async Task<TotalsHost> StartUnreadyAsync(KafkaOptions kafka, string topic, string connectionString, params string[] more)
    {
        var settings = kafka.Settings.Select(setting => $"--Inbox:Kafka:Settings:{setting.Key}={setting.Value}");
        var app = TotalsApplication.Build(
        [
            "--Listen:Grpc=127.0.0.1:0",
            "--Listen:Http=127.0.0.1:0",
            $"--Inbox:ConnectionString={connectionString}",
            $"--Inbox:Topic={topic}",
            $"--Inbox:GroupId=totals-{topic}",
            $"--Inbox:Kafka:BootstrapServers={kafka.BootstrapServers}",
            $"--Inbox:Kafka:LibraryPath={kafka.LibraryPath}",
            "--Inbox:GapGrace=00:00:01",
            "--Inbox:AuditInterval=00:00:00.2",
            "--Logging:LogLevel:Default=Warning",
            .. settings,
            .. more,
        ]);
        await app.StartAsync().Within(Soon);
        return new TotalsHost(app);
    }

    public static DateTime Deadline(TimeSpan patience) => TimeProvider.System.GetUtcNow().UtcDateTime + patience;

    public async Task<JsonElement> StatusAsync()
    {
        using var document = JsonDocument.Parse(await _http.GetStringAsync(new Uri("/api/status", UriKind.Relative)).Within(Soon));
        return document.RootElement.Clone();
    }

    public async Task<(int Code, string Text)> GetAsync(string path)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative)).Within(Soon);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _channel.Dispose();
        await _app.StopAsync().Within(Soon);
        await _app.DisposeAsync();
    }
}
