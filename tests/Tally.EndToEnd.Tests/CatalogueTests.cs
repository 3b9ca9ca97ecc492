using System.Diagnostics;
using System.Text.RegularExpressions;
using Tally.TestSupport;

namespace Tally.EndToEnd.Tests;

/// <summary>docs/telemetry.md against what the running services expose, both ways.</summary>
[Collection(nameof(SharedSystem))]
public sealed partial class CatalogueTests(RunningSystem system)
{
    /// <summary>What the runtime's, the web server's and the database client's meters bring is theirs.</summary>
    private static readonly string[] Standard = ["dotnet_", "kestrel_", "db_client_"];

    [KafkaFact]
    public async Task The_catalogue_lists_what_the_services_expose()
    {
        (await system.RunAsync("add", "--wait", "1", "1")).With(0);
        var catalogue = CatalogueRow().Matches(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "telemetry.md")))
            .Select(static row => new Family(row.Groups["name"].Value, row.Groups["kind"].Value, LabelsOf(row.Groups["labels"].Value)).ToString())
            .Order(StringComparer.Ordinal)
            .ToList();
        Assert.NotEmpty(catalogue);

        // What is looked at every few seconds is there after the first look, and away for a round after one that failed.
        IReadOnlyList<string> exposed = [];
        await Eventually.TrueAsync(
            async () => (exposed = Families(await MetricsAsync())).SequenceEqual(catalogue), TimeSpan.FromMinutes(2)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        var log = (await system.RunAsync("logs", "totals-1")).Out.Split('\n');
        Assert.True(
            catalogue.SequenceEqual(exposed),
            $"Only in the catalogue: {string.Join(", ", catalogue.Except(exposed))}. Only exposed: {string.Join(", ", exposed.Except(catalogue))}.\n{string.Join('\n', log.TakeLast(20))}");
    }

    [KafkaFact]
    public async Task What_costs_more_than_all_else_of_a_call_is_not_measured() =>
        Assert.All(await MetricsAsync(), static text => Assert.DoesNotContain("kestrel_queued_requests", text, StringComparison.Ordinal));

    [KafkaFact]
    public async Task A_pool_of_connections_is_called_by_its_name_and_not_by_where_the_database_is()
    {
        var texts = await MetricsAsync();

        Assert.Contains("db_client_connection_pool_name=\"outbox\"", texts[0], StringComparison.Ordinal);
        Assert.Contains("db_client_connection_pool_name=\"inbox\"", texts[1], StringComparison.Ordinal);
        Assert.All(texts, static text => Assert.DoesNotContain("Username=", text, StringComparison.OrdinalIgnoreCase));
    }

    [KafkaFact("promtool")]
    public async Task Prometheus_own_linter_has_nothing_against_them()
    {
        foreach (var text in await MetricsAsync())
        {
            var start = new ProcessStartInfo("promtool", ["check", "metrics"]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
            using var promtool = Process.Start(start)!;
            var said = Task.WhenAll(promtool.StandardOutput.ReadToEndAsync(), promtool.StandardError.ReadToEndAsync());
            await promtool.StandardInput.WriteAsync(text);
            promtool.StandardInput.Close();

            var complaints = string.Concat(await said).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.DoesNotContain(complaints, static line => !Standard.Any(prefix => line.StartsWith(prefix, StringComparison.Ordinal)));
            await promtool.WaitForExitAsync();
        }
    }

    private async Task<IReadOnlyList<string>> MetricsAsync()
    {
        using var http = new HttpClient();
        return
        [
            await http.GetStringAsync(new Uri(new Uri(await system.EndpointAsync("calculator-1", "http")), "/metrics")),
            await http.GetStringAsync(new Uri(new Uri(await system.EndpointAsync("totals-1", "http")), "/metrics")),
        ];
    }

    /// <summary>Names, kinds and labels of the families, in order.</summary>
    private static IReadOnlyList<string> Families(IEnumerable<string> texts)
    {
        var families = new Dictionary<string, Family>(StringComparer.Ordinal);
        foreach (var line in texts.SelectMany(static text => text.Split('\n', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (TypeLine().Match(line) is { Success: true } type)
            {
                _ = families.TryAdd(type.Groups["name"].Value, new Family(type.Groups["name"].Value, type.Groups["kind"].Value, []));
            }
            else if (Sample().Match(line) is { Success: true } sample)
            {
                var name = sample.Groups["name"].Value;
                var family = families.GetValueOrDefault(name) ?? families[Series().Replace(name, "")];
                family.Labels.UnionWith(LabelName().Matches(sample.Groups["labels"].Value).Select(static label => label.Groups["name"].Value).Where(static label => label != "le"));
            }
        }

        return [.. families.Values.Where(static family => !Standard.Any(prefix => family.Name.StartsWith(prefix, StringComparison.Ordinal)))
            .Select(static family => family.ToString()).Order(StringComparer.Ordinal)];
    }

    /// <summary>Those that a cell of the catalogue names; their values stand in brackets.</summary>
    private static SortedSet<string> LabelsOf(string cell) =>
        new(Quoted().Matches(Brackets().Replace(cell, "")).Select(static label => label.Groups["name"].Value), StringComparer.Ordinal);

    private sealed record Family(string Name, string Kind, SortedSet<string> Labels)
    {
        public override string ToString() => $"{Name} {Kind} {{{string.Join(", ", Labels)}}}";
    }

    [GeneratedRegex("""^\| `[a-z._]+` \| `(?<name>[a-z_]+)` \| (?<kind>counter|gauge|histogram)[^|]*\| (?<labels>[^|]*)\|""", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex CatalogueRow();

    [GeneratedRegex("^# TYPE (?<name>[a-z0-9_]+) (?<kind>[a-z]+)$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex TypeLine();

    [GeneratedRegex(@"^(?<name>[a-z0-9_]+)(\{(?<labels>.*)\})? ", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Sample();

    [GeneratedRegex("(?<name>[a-z0-9_]+)=\"[^\"]*\"", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex LabelName();

    [GeneratedRegex("_(bucket|sum|count)$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Series();

    [GeneratedRegex(@"\([^)]*\)", RegexOptions.NonBacktracking)]
    private static partial Regex Brackets();

    [GeneratedRegex("`(?<name>[a-z_]+)`", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Quoted();
}
