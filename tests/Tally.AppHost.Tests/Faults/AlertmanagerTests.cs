using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Faults;

/// <summary>The example of whom alerts reach, in a real Alertmanager (Debian's <c>prometheus-alertmanager</c>).</summary>
public sealed class AlertmanagerTests
{
    private const string Program = "prometheus-alertmanager";
    private static readonly string Example = Path.Combine(Repository.Root, "deploy", "prometheus", "alertmanager.yml");
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [ToolFact("amtool")]
    public async Task Every_alert_has_somebody_who_is_told()
    {
        var rules = await File.ReadAllLinesAsync(Path.Combine(Repository.Root, "deploy", "prometheus", "rules", "tally-alerts.yml"));
        var severities = rules.Select(line => line.Trim()).Where(line => line.StartsWith("severity: ", StringComparison.Ordinal)).Select(line => line["severity: ".Length..]).Distinct();
        foreach (var severity in severities)
        {
            Assert.Equal(severity, (await RunAsync("amtool", "config", "routes", "test", $"--config.file={Example}", "alertname=TallyAny", $"severity={severity}")).Trim());
        }
    }

    [ToolFact(Program)]
    public async Task Who_is_on_duty_is_told_of_a_death_and_not_of_what_follows_from_it()
    {
        var told = new ConcurrentQueue<string>();
        await using var pager = await StartPagerAsync(told.Enqueue);
        using var folder = new TemporaryFolder();
        var config = folder.In("alertmanager.yml");
        await File.WriteAllTextAsync(config, (await File.ReadAllTextAsync(Example)).Replace("http://127.0.0.1:9095", pager.Urls.Single(), StringComparison.Ordinal));
        var address = $"127.0.0.1:{Ports.Free()}";
        var alertmanager = ProcessLauncher.Start(new LaunchPlan(
            ToolFactAttribute.FindProgram(Program)!,
            [$"--config.file={config}", $"--storage.path={folder.In("data")}", $"--web.listen-address={address}", "--cluster.listen-address="],
            folder.In("alertmanager.log")));
        try
        {
            using var http = new HttpClient { BaseAddress = new Uri($"http://{address}") };
            await Eventually.TrueAsync(() => TellAsync(http, "TallyInstanceDown", "TallyLag", "TallyAvailabilityBurn"), Patience);

            // A message an alert; and one Totals of two that died is no reason why adds fail.
            await Eventually.TrueAsync(() => Has("TallyInstanceDown") && Has("TallyAvailabilityBurn"), Patience);
            Assert.False(Has("TallyLag"));
        }
        finally
        {
            alertmanager.Kill();
            await alertmanager.Exited.Within(Patience);
        }

        bool Has(string alert) => told.Any(message => message.Contains(alert, StringComparison.Ordinal));
    }

    /// <summary>Takes what is sent to the pager of the example.</summary>
    private static async Task<WebApplication> StartPagerAsync(Action<string> told)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var pager = builder.Build();
        pager.MapPost("/page", async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            told(await reader.ReadToEndAsync());
        });
        await pager.StartAsync();
        return pager;
    }

    private static async Task<bool> TellAsync(HttpClient http, params string[] alerts)
    {
        try
        {
            // As the rules make them: only a death is one instance's own.
            var body = alerts.Select(static alert => new
            {
                labels = alert == "TallyInstanceDown"
                    ? new Dictionary<string, string> { ["alertname"] = alert, ["severity"] = "page", ["job"] = "tally", ["instance"] = "b1", ["service"] = "totals" }
                    : new Dictionary<string, string> { ["alertname"] = alert, ["severity"] = "page", ["job"] = "tally" },
            });
            using var answer = await http.PostAsJsonAsync(new Uri("/api/v2/alerts", UriKind.Relative), body);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            // It hasn't begun to listen.
            return false;
        }
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var said = await process.StandardOutput.ReadToEndAsync().Within(Patience);
        await process.WaitForExitAsync().Within(Patience);
        return said;
    }
}
