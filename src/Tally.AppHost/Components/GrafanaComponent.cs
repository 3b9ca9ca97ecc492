using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Components;

/// <summary>A Grafana with the dashboards of <c>deploy/grafana</c>, on the Prometheus of this system. Whoever is on this machine may look; nobody can log in.</summary>
internal sealed class GrafanaComponent : Component, IDisposable
{
    // What the committed data source says, for a Prometheus that anybody started.
    private const string UsualPrometheus = "url: http://127.0.0.1:9090\n";
    private const string DashboardsVariable = "TALLY_GRAFANA_DASHBOARDS";

    private readonly ComponentContext _context;
    private readonly GrafanaTool _tool;
    private readonly int _port;
    private readonly string _prometheus;
    private readonly HttpClient _http;

    /// <summary>Plans Grafana.</summary>
    /// <param name="context">What components share.</param>
    /// <param name="tool">Its program.</param>
    /// <param name="wantedPort">The port that is asked for.</param>
    /// <param name="prometheus">Where the Prometheus is that it shows.</param>
    public GrafanaComponent(ComponentContext context, GrafanaTool tool, int wantedPort, string prometheus)
        : base("grafana")
    {
        _context = context;
        _tool = tool;
        _prometheus = prometheus;
        _port = context.Port(wantedPort, "Grafana");
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_port}"), Timeout = TimeSpan.FromSeconds(5) };
        Description = new ComponentState { Source = tool.Source, Endpoints = { ["http"] = $"http://127.0.0.1:{_port}" } };
    }

    public override string LogFile => _context.Folder.Log(Name);

    /// <summary>The first time it makes its database, which takes a while on a busy machine; Docker may have to fetch it.</summary>
    public override TimeSpan StartPatience => TimeSpan.FromMinutes(_tool.IsDocker ? 10 : 3);

    private string Folder => _context.Folder.In(Name);

    public override async Task<LaunchPlan> PlanAsync(CancellationToken cancellationToken)
    {
        await WriteFilesAsync(cancellationToken);
        if (_tool.IsDocker)
        {
            // One that outlived its system would hold the name and the data.
            await ToolRun.RunAsync(_tool.Program, ["rm", "--force", GrafanaTool.ContainerOf(Folder)], cancellationToken);
        }

        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { [DashboardsVariable] = Path.Combine(Folder, "dashboards") };
        return new LaunchPlan(_tool.Program, _tool.Arguments(Path.Combine(Folder, "grafana.ini"), Folder, variables), LogFile)
        {
            // GF_ variables win over the file, and might open to the network what is for this machine only.
            Environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(variable => (string)variable.Key)
                .Where(name => name.StartsWith("GF_", StringComparison.Ordinal))
                .Select(name => KeyValuePair.Create(name, (string?)null))
                .Concat(variables.Select(variable => KeyValuePair.Create(variable.Key, (string?)variable.Value)))
                .ToDictionary(StringComparer.Ordinal),
        };
    }

    public override async Task WaitUntilReadyAsync(ComponentStart start, CancellationToken cancellationToken)
    {
        while (!await AnswersAsync(cancellationToken))
        {
            await Task.Delay(50, cancellationToken);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task WriteFilesAsync(CancellationToken cancellationToken)
    {
        // A dashboard that a later version doesn't have any more is to go.
        var dashboards = Path.Combine(Folder, "dashboards");
        if (Directory.Exists(dashboards))
        {
            Directory.Delete(dashboards, recursive: true);
        }

        await DeployedFiles.WriteAsync(Name, Folder, cancellationToken);
        var source = Path.Combine(Folder, "provisioning", "datasources", "tally.yml");
        var text = await File.ReadAllTextAsync(source, cancellationToken);
        await File.WriteAllTextAsync(source, text.Replace(UsualPrometheus, $"url: {_prometheus}\n", StringComparison.Ordinal), cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(Folder, "grafana.ini"), Configuration(), cancellationToken);
    }

    /// <summary>On loopback, to look at without an account; there is none, and nothing is asked of the internet. Backquotes keep what a folder's name may hold.</summary>
    private string Configuration() => $"""
        [paths]
        data = `{Path.Combine(Folder, "data")}`
        logs = `{Path.Combine(Folder, "data", "log")}`
        plugins = `{Path.Combine(Folder, "data", "plugins")}`
        provisioning = `{Path.Combine(Folder, "provisioning")}`

        [server]
        protocol = http
        http_addr = 127.0.0.1
        http_port = {_port}

        [security]
        disable_initial_admin_creation = true

        [auth]
        disable_login_form = true

        [auth.basic]
        enabled = false

        [auth.anonymous]
        enabled = true
        org_role = Viewer

        [users]
        allow_sign_up = false

        [dashboards]
        default_home_dashboard_path = `{Path.Combine(Folder, "dashboards", "tally.json")}`
        min_refresh_interval = 1s

        [analytics]
        reporting_enabled = false
        check_for_updates = false
        check_for_plugin_updates = false
        feedback_links_enabled = false

        [plugins]
        preinstall_disabled = true
        plugin_admin_enabled = false

        [news]
        news_feed_enabled = false

        [snapshots]
        external_enabled = false

        [log]
        mode = console

        """;

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var health = await _http.GetAsync("/api/health", cancellationToken);
            if (!health.IsSuccessStatusCode)
            {
                return false;
            }

            Description = Description with { Version = (string?)JsonNode.Parse(await health.Content.ReadAsStringAsync(cancellationToken))?["version"] };
            return true;
        }
        catch (Exception notYet) when (notYet is HttpRequestException or JsonException
            || (notYet is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}
