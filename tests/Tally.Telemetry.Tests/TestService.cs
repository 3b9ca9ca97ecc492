using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tally.Telemetry.Hosting;

namespace Tally.Telemetry.Tests;

/// <summary>A service with two real listeners on loopback, as Calculator and Totals have them.</summary>
internal sealed class TestService : IAsyncDisposable
{
    public const string MeterName = "Test.Meter";

    private readonly WebApplication _app;

    private TestService(WebApplication app, LogRecords logs)
    {
        _app = app;
        Logs = logs;
        Client = new HttpClient { BaseAddress = new Uri($"http://{Listeners.Http}") };
    }

    /// <summary>Asks the HTTP listener.</summary>
    public HttpClient Client { get; }

    public LogRecords Logs { get; }

    public Listeners Listeners => _app.Services.GetRequiredService<Listeners>();

    public WebApplication App => _app;

    /// <summary>A meter that the service collects.</summary>
    public Meter Meter => _app.Services.GetRequiredService<IMeterFactory>().Create(MeterName);

    public static async Task<TestService> StartAsync(Action<WebApplicationBuilder>? configure = null, Action<WebApplication>? map = null)
    {
        var builder = TallyService.CreateBuilder(["--Listen:Grpc=127.0.0.1:0", "--Listen:Http=127.0.0.1:0"]);
        builder.AddTallyTelemetry("test", "test-1", MeterName);
        builder.AddTallyListeners(grpc: "127.0.0.1:1", http: "127.0.0.1:2");
        var logs = new LogRecords();
        builder.Logging.ClearProviders().AddProvider(logs);
        configure?.Invoke(builder);
        var app = builder.Build();
        app.MapTallyTelemetry();
        map?.Invoke(app);
        await app.StartAsync().Within();
        return new TestService(app, logs);
    }

    /// <summary>The text of <c>/metrics</c>.</summary>
    public async Task<string> ScrapeAsync(string? accept = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        if (accept is not null)
        {
            request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(accept));
        }

        using var response = await Client.SendAsync(request).Within();
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStringAsync().Within();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync().Within();
        await _app.DisposeAsync();
    }
}

/// <summary>Keeps what was logged.</summary>
internal sealed class LogRecords : ILoggerProvider
{
    public ConcurrentQueue<(LogLevel Level, EventId Id, string Text)> All { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Recorder(this);

    public void Dispose()
    {
    }

    private sealed class Recorder(LogRecords records) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            records.All.Enqueue((logLevel, eventId, formatter(state, exception)));
    }
}

internal static class Patience
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Fails a test that would hang.</summary>
    public static Task Within(this Task task) => task.WaitAsync(Limit);

    /// <summary>Fails a test that would hang.</summary>
    public static Task<T> Within<T>(this Task<T> task) => task.WaitAsync(Limit);
}
