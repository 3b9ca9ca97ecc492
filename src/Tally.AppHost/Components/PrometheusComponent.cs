using System.Text.Json;
using System.Text.Json.Nodes;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Components;

/// <summary>The Prometheus that is on the path, scraping both services.</summary>
internal sealed class PrometheusComponent : Component, IDisposable
{
    /// <summary>What to do when it's missing.</summary>
    public const string HowToGet = "Debian: apt-get install prometheus.";

    private readonly ComponentContext _context;
    private readonly string _program;
    private readonly int _port;
    private readonly HttpClient _http;
    private readonly IReadOnlyList<(string Service, ComponentState State)> _targets;

    /// <summary>Plans Prometheus.</summary>
    /// <param name="context">What components share.</param>
    /// <param name="program">Its program.</param>
    /// <param name="wantedPort">The port that is asked for.</param>
    /// <param name="targets">What it scrapes, and of which service that is.</param>
    public PrometheusComponent(ComponentContext context, string program, int wantedPort, IReadOnlyList<(string Service, ComponentState State)> targets)
        : base("prometheus")
    {
        _context = context;
        _program = program;
        _targets = targets;
        _port = context.Port(wantedPort, "Prometheus");
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_port}"), Timeout = TimeSpan.FromSeconds(5) };
        Description = new ComponentState { Source = program, Endpoints = { ["http"] = $"http://127.0.0.1:{_port}" } };
    }

    /// <summary>Prometheus' program, or null when it isn't on the path.</summary>
    public static string? FindProgram() => SearchPath.Find("prometheus");

    public override string LogFile => _context.Folder.Log(Name);

    private string Folder => _context.Folder.In(Name);

    public override async Task<LaunchPlan> PlanAsync(CancellationToken cancellationToken)
    {
        var targets = Path.Combine(Folder, "targets");
        Directory.CreateDirectory(targets);
        await DeployedFiles.WriteAsync(Name, Folder, cancellationToken);
        var list = new JsonArray(
        [
            .. _targets.Select(static target => new JsonObject
            {
                ["targets"] = new JsonArray(new Uri(target.State.Endpoints["http"]).Authority),
                ["labels"] = new JsonObject { ["service"] = target.Service },
            }),
        ]);
        await File.WriteAllTextAsync(Path.Combine(targets, "tally.json"), list.ToJsonString(), cancellationToken);
        return new LaunchPlan(
            _program,
            [
                $"--config.file={Path.Combine(Folder, "prometheus.yml")}", $"--storage.tsdb.path={Path.Combine(Folder, "data")}",
                $"--web.listen-address=127.0.0.1:{_port}", "--web.enable-remote-write-receiver",

                // Without it the exemplars, which name traces, are thrown away.
                "--enable-feature=exemplar-storage",
            ],
            LogFile);
    }

    public override async Task WaitUntilReadyAsync(ComponentStart start, CancellationToken cancellationToken)
    {
        while (!await AnswersAsync(cancellationToken))
        {
            await Task.Delay(50, cancellationToken);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var ready = await _http.GetAsync("/-/ready", cancellationToken);
            if (!ready.IsSuccessStatusCode)
            {
                return false;
            }

            var build = JsonNode.Parse(await _http.GetStringAsync("/api/v1/status/buildinfo", cancellationToken));
            Description = Description with { Version = (string?)build?["data"]?["version"] };
            return true;
        }
        catch (Exception notYet) when (notYet is HttpRequestException or JsonException
            || (notYet is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}
