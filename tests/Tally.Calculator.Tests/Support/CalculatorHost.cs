using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using Tally.Contracts.V1;
using Tally.Kafka;
using Tally.Outbox;
using Tally.Telemetry;
using Tally.Telemetry.Hosting;
using Tally.TestSupport;
using CalculatorClient = Tally.Contracts.V1.Calculator.CalculatorClient;

namespace Tally.Calculator.Tests.Support;

/// <summary>The whole service in this process, on free ports, as its Program makes it.</summary>
internal sealed class CalculatorHost : IAsyncDisposable
{
    public const string StoredTrailer = "tally-stored";
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;
    private readonly HttpClient _http;

    private CalculatorHost(WebApplication app, string connectionString)
    {
        _app = app;
        var listeners = app.Services.GetRequiredService<Listeners>();
        _channel = GrpcChannel.ForAddress($"http://{listeners.Grpc}");
        Client = new CalculatorClient(_channel);
        Relay = new Relay.RelayClient(_channel);
        _http = new HttpClient { BaseAddress = new Uri($"http://{listeners.Http}") };
        Database = NpgsqlDataSource.Create(connectionString);
    }

    public CalculatorClient Client { get; }

    public Relay.RelayClient Relay { get; }

    /// <summary>Who must have confirmed what the service drops.</summary>
    public string Consumers => _app.Services.GetRequiredService<IOptions<OutboxOptions>>().Value.Consumers;

    /// <summary>The service's database, beside the service.</summary>
    public NpgsqlDataSource Database { get; }

    /// <summary>Starts it with one shard, storing only unless it is told otherwise, and waits until it's ready.</summary>
    public static async Task<CalculatorHost> StartAsync(KafkaOptions kafka, string connectionString, params string[] more)
    {
        var host = await StartUnreadyAsync(kafka, connectionString, more);
        await Eventually.TrueAsync(async () => (await host.GetAsync("/readyz")).Code == 200, Soon);
        return host;
    }

    public static async Task<CalculatorHost> StartUnreadyAsync(KafkaOptions kafka, string connectionString, params string[] more)
    {
        var settings = kafka.Settings.Select(setting => $"--Outbox:Kafka:Settings:{setting.Key}={setting.Value}");
        var builder = TallyService.CreateBuilder(
        [
            $"--Outbox:ConnectionString={connectionString}",
            "--Outbox:Shards=1",
            "--Outbox:RelayEnabled=false",
            $"--Outbox:Kafka:BootstrapServers={kafka.BootstrapServers}",
            $"--Outbox:Kafka:LibraryPath={kafka.LibraryPath}",
            "--Logging:LogLevel:Default=Error",
            .. settings,
            .. more,
        ]);
        builder.AddTallyListeners(grpc: "127.0.0.1:0", http: "127.0.0.1:0");
        builder.AddTallyCalculator();
        var app = builder.Build();
        app.MapTallyCalculator();
        app.MapTallyTelemetry();
        await app.StartAsync().Within(Soon);
        return new CalculatorHost(app, connectionString);
    }

    public static DateTime Deadline(TimeSpan patience) => TimeProvider.System.GetUtcNow().UtcDateTime + patience;

    public async Task<AddReply> AddAsync(string a, string b, string key = "") =>
        await Client.AddAsync(new AddRequest { A = a, B = b, IdempotencyKey = key }, deadline: Deadline(Soon));

    /// <summary>How a call that must fail does: its status, and what the trailer says about storing ("" when there is none).</summary>
    public async Task<(StatusCode Code, string Message, string Stored)> RefusalAsync(string a, string b, string key = "")
    {
        var refusal = await Assert.ThrowsAsync<RpcException>(() => AddAsync(a, b, key));
        return (refusal.StatusCode, refusal.Status.Detail, refusal.Trailers.GetValue(StoredTrailer) ?? "");
    }

    /// <summary>How many results are stored.</summary>
    public Task<long> CountAsync() => QueryAsync<long>("SELECT coalesce(sum(cardinality(payloads)), 0)::bigint FROM outbox.outbox_batches");

    public async Task<(int Code, string Text)> GetAsync(string path)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative)).Within(Soon);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task<T> QueryAsync<T>(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _channel.Dispose();
        await _app.StopAsync().Within(Soon);
        await _app.DisposeAsync();
        await Database.DisposeAsync();
    }
}
