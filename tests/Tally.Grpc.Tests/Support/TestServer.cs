using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Tally.Grpc.Tests.Support;

/// <summary>A real server on a free port of loopback, with a client to it.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestServer(WebApplication app, RecordedLogs logs)
    {
        _app = app;
        Logs = logs;
        Address = new Uri(app.Urls.Single());
        Channel = GrpcChannel.ForAddress(Address);
        Http = new HttpClient { BaseAddress = Address, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }

    public Uri Address { get; }

    public string Authority => Address.Authority;

    public GrpcChannel Channel { get; }

    public HttpClient Http { get; }

    public RecordedLogs Logs { get; }

    public static Task<TestServer> ServingAsync<TService>(
        Action<IServiceCollection>? services = null,
        Action<GrpcServiceOptions>? options = null,
        HttpProtocols protocols = HttpProtocols.Http2)
        where TService : class =>
        StartAsync(
            builder =>
            {
                builder.AddGrpc(options ?? (_ => { }));
                services?.Invoke(builder);
            },
            app => app.MapGrpcService<TService>(),
            protocols);

    public static async Task<TestServer> StartAsync(
        Action<IServiceCollection> services, Action<WebApplication> map, HttpProtocols protocols = HttpProtocols.Http2)
    {
        var logs = new RecordedLogs();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(logs).SetMinimumLevel(LogLevel.Debug).AddFilter("Microsoft", LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
        services(builder.Services);
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        return new TestServer(app, logs);
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
