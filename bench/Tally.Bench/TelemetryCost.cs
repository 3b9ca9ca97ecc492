using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Tally.AppHost.Hosting;
using Tally.Bench.Figures;
using Tally.Bench.Load;
using Tally.Bench.Servers;

namespace Tally.Bench;

/// <summary>
/// What it costs to be seen: in alternating rounds the same calls to three Calculators, one that records nothing, one whose metrics are scraped every second,
/// and one that exports one trace in a hundred besides.
/// </summary>
internal sealed class TelemetryCost(BenchOptions options, LocalSystem system, Generator generator, IReadOnlyDictionary<string, ServerProcess> servers)
{
    private const string Off = "off";
    private const string Metrics = "metrics";
    private const string Traces = "traces";
    private static readonly TimeSpan ScrapeInterval = TimeSpan.FromSeconds(1);

    private readonly RoundFigures _rounds = new();

    public static async Task<int> RunAsync(BenchOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("tally-bench-").FullName;
        var settings = SystemSettings.FromEnvironment(folder) with { Ports = WantedPorts.Free, Temporary = true, Parts = SystemParts.Postgres };
        await using var system = await LocalSystem.StartAsync(settings, new ErrorReporter(), CancellationToken.None);
        await using var collector = await StartCollectorAsync();
        await using var off = await StartAsync(system, Off, new() { ["OTEL_SDK_DISABLED"] = "true" });
        await using var metrics = await StartAsync(system, Metrics, []);
        await using var traces = await StartAsync(system, Traces, new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Urls.Single(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_TRACES_SAMPLER"] = "parentbased_traceidratio",
            ["OTEL_TRACES_SAMPLER_ARG"] = "0.01",
        });
        var servers = new Dictionary<string, ServerProcess>(StringComparer.Ordinal) { [Off] = off, [Metrics] = metrics, [Traces] = traces };
        var result = await new TelemetryCost(options, system, new Generator(), servers).MeasureAsync();
        return result.Tell(options);
    }

    private static Task<ServerProcess> StartAsync(LocalSystem system, string name, Dictionary<string, string> environment) =>
        DurableServer.StartAsync(system, environment, $"--Outbox:Schema=bench_{name}");

    /// <summary>Takes what is exported, and forgets it.</summary>
    private static async Task<WebApplication> StartCollectorAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var collector = builder.Build();
        collector.MapPost("/v1/traces", static async http =>
        {
            await http.Request.Body.CopyToAsync(Stream.Null);
            http.Response.ContentType = "application/x-protobuf";
        });
        await collector.StartAsync();
        return collector;
    }

    private async Task<BenchResult> MeasureAsync()
    {
        // Warm-up, which also chooses the number of calls.
        var calls = 0L;
        foreach (var server in servers.Values)
        {
            await generator.SendAsync(server.Address, 50_000);
            calls = Math.Max(calls, (long)(await generator.SendAsync(server.Address, 100_000) * options.Seconds));
        }

        for (var round = 0; round < options.Rounds; round++)
        {
            // Who is first in a round is last in the next: what changes on the machine in the course of time befalls all alike.
            foreach (var (name, server) in round % 2 == 0 ? servers : servers.Reverse())
            {
                await RoundAsync(name, server, calls);
            }

            await Console.Error.WriteLineAsync($"round {round + 1} of {options.Rounds}: {_rounds.Last()}");
        }

        foreach (var name in new[] { Metrics, Traces })
        {
            _rounds.AddAll($"{name}_ratio", _rounds[name].Zip(_rounds[Off], (a, b) => a / b), "ratio");
            _rounds.AddAll($"{name}_cpu_ratio", _rounds[$"{name}_cpu"].Zip(_rounds[$"{Off}_cpu"], (a, b) => a / b), Figure.Cost);
        }

        return new BenchResult(
            "telemetry",
            Machine.Commit(),
            Machine.Describe(),
            generator.Name,
            Kafka: "not used",
            options.Rounds,
            Echo: null,
            DurableRatio: null,
            WholeWayRatio: null,
            _rounds.ToFigures());
    }

    private async Task RoundAsync(string name, ServerProcess server, long calls)
    {
        using var end = new CancellationTokenSource();
        var scraping = name == Off ? Task.CompletedTask : ScrapeAsync(server, end.Token);
        var cpu = new CpuMeter(("calculator", server.Pid), ("postgres", system.State.Components["postgres"].Pid!.Value));
        _rounds.Add(name, await generator.SendAsync(server.Address, calls), "calls/s");
        cpu.AddTo(_rounds, name, calls);
        await end.CancelAsync();
        await scraping;
    }

    private static async Task ScrapeAsync(ServerProcess server, CancellationToken end)
    {
        using var http = new HttpClient { BaseAddress = server.Http };
        using var timer = new PeriodicTimer(ScrapeInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(end))
            {
                await http.GetByteArrayAsync("/metrics", end);
            }
        }
        catch (OperationCanceledException)
        {
            // The round is over.
        }
    }
}
