using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Tally.Telemetry.Tests;

/// <summary>The dashboards in deploy/grafana, without a Grafana: what it would stumble over, and what would show nothing or something untrue.</summary>
public sealed partial class DashboardTests
{
    private const string Runbook = "tally-runbook";

    private static readonly TimeSpan NodeLimit = TimeSpan.FromMinutes(1);

    private static readonly string Folder = Path.Combine(Checkout.Root, "deploy", "grafana");
    private static readonly List<Dashboard> Dashboards = ReadDashboards();
    private static readonly Dictionary<string, Metric> Catalogue = ReadCatalogue();
    private static readonly HashSet<string> Recorded = ReadRecorded();

    private static readonly HashSet<string> Units = new(["s", "short", "none", "bytes", "binBps", "percentunit", "string"], StringComparer.Ordinal);
    private static readonly HashSet<string> Words = new(["and", "or", "unless", "bool", "offset", "inf", "nan"], StringComparer.OrdinalIgnoreCase);
    private static readonly string[] HistogramEndings = ["_bucket", "_sum", "_count"];
    private static readonly string[] CounterEndings = ["_total", "_bucket", "_sum", "_count"];

    /// <summary>What the meters of the runtime, the web server and the database client bring, and what k6 sends. What is Prometheus' own.</summary>
    private static readonly string[] StandardPrefixes = ["dotnet_", "kestrel_", "db_client_", "k6_"];

    private static readonly string[] PrometheusOwn = ["ALERTS", "up"];

    [ProgramFact("node", "nodejs")]
    public async Task Dashboards_are_what_the_generator_writes()
    {
        var start = new ProcessStartInfo("node", [Path.Combine(Folder, "generate.mjs"), "--check"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var node = Process.Start(start)!;
        try
        {
            var said = await Task.WhenAll(node.StandardOutput.ReadToEndAsync(), node.StandardError.ReadToEndAsync()).WaitAsync(NodeLimit);
            await node.WaitForExitAsync().Within();

            Assert.True(node.ExitCode == 0, string.Concat(said));
        }
        finally
        {
            node.Kill();
        }
    }

    [Fact]
    public void Dashboards_have_names_of_their_own()
    {
        var uids = Dashboards.Select(dashboard => dashboard.Uid).ToList();
        var titles = Dashboards.Select(dashboard => dashboard.Title).ToList();

        Assert.NotEmpty(uids);
        Assert.Equal(uids.Distinct(StringComparer.Ordinal), uids);
        Assert.Equal(titles.Distinct(StringComparer.Ordinal), titles);
        Assert.All(Dashboards, dashboard => Assert.Equal(dashboard.Uid, dashboard.File));
    }

    [Fact]
    public void Panels_say_what_they_show_in_which_unit_and_whence()
    {
        Assert.All(Dashboards, dashboard =>
        {
            var ids = Ids(dashboard);
            Assert.Equal(ids.Distinct(), ids);

            Assert.All(dashboard.Panels, panel => Assert.NotEqual("", Text(panel, "title")));
            Assert.All(dashboard.Shown, panel =>
            {
                Assert.NotEqual("", Text(panel, "description"));
                AssertVariable(panel);
                Assert.All(Items(panel, "targets"), AssertVariable);
                Assert.NotEmpty(Items(panel, "targets"));
                var defaults = panel.GetProperty("fieldConfig").GetProperty("defaults");
                Assert.NotEqual("", Text(defaults, "noValue"));
                var unit = Text(defaults, "unit");
                Assert.True(
                    Units.Contains(unit) || unit.StartsWith("count:", StringComparison.Ordinal) || unit.StartsWith("suffix:", StringComparison.Ordinal),
                    $"{dashboard.Uid}, {Text(panel, "title")}: unit '{unit}'");
            });
        });
    }

    [Fact]
    public void Panels_lie_side_by_side()
    {
        foreach (var dashboard in Dashboards)
        {
            var taken = new HashSet<(int X, int Y)>();
            foreach (var panel in dashboard.Panels)
            {
                var place = panel.GetProperty("gridPos");
                var left = place.GetProperty("x").GetInt32();
                var top = place.GetProperty("y").GetInt32();
                var right = left + place.GetProperty("w").GetInt32();
                var bottom = top + place.GetProperty("h").GetInt32();
                Assert.True(left >= 0 && top >= 0 && left < right && top < bottom && right <= 24, $"{dashboard.Uid}, {Text(panel, "title")}: not on the grid");
                for (var x = left; x < right; x++)
                {
                    for (var y = top; y < bottom; y++)
                    {
                        Assert.True(taken.Add((x, y)), $"{dashboard.Uid}, {Text(panel, "title")}: lies over another panel");
                    }
                }
            }
        }
    }

    [Fact]
    public void Queries_ask_for_what_there_is()
    {
        Assert.NotEmpty(Catalogue);
        Assert.NotEmpty(Recorded);
        Assert.All(Queries(), query => Assert.All(
            Metrics(query.Expression), name => Assert.True(IsKnown(name), $"{query.Where}: {name} is neither in docs/telemetry.md nor recorded.")));
    }

    /// <summary>A rule's own unit tests make up the series that they need, so nothing else would find a name that no service exposes.</summary>
    [Fact]
    public void Rules_ask_for_what_there_is()
    {
        string[] labels = ["tally_shard", "tally_partition", "rpc_method", "rpc_response_status_code", "rpc_system_name"];
        var names = Directory.GetFiles(Path.Combine(Checkout.Root, "deploy", "prometheus", "rules"), "*.yml")
            .SelectMany(file => OwnNames().Matches(File.ReadAllText(file)))
            .Select(match => match.Value)
            .Except(labels, StringComparer.Ordinal)
            .ToList();

        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.True(IsKnown(name), $"{name} is not in docs/telemetry.md."));
    }

    [Fact]
    public void Rates_are_those_of_counters()
    {
        Assert.All(Queries(), query => Assert.All(Rates().Matches(query.Expression), match =>
        {
            var name = match.Groups["name"].Value;
            Assert.True(Array.Exists(CounterEndings, ending => name.EndsWith(ending, StringComparison.Ordinal)), $"{query.Where}: {name} is no counter.");
            Assert.False(Catalogue.TryGetValue(name, out var metric) && metric.Kind == "gauge", $"{query.Where}: {name} is a gauge.");
        }));
    }

    /// <summary>What each instance says of all shards would count once an instance.</summary>
    [Fact]
    public void Nothing_is_counted_twice_and_no_mean_is_made_of_means()
    {
        Assert.All(Queries(), query =>
        {
            Assert.DoesNotContain("avg", query.Expression, StringComparison.Ordinal);
            Assert.All(Sums().Matches(query.Expression), match =>
            {
                var name = match.Groups["name"].Value;
                Assert.False(Catalogue.TryGetValue(name, out var metric) && metric.OfAll, $"{query.Where}: each instance says {name} of all; take its max first.");
            });
        });
    }

    [Fact]
    public void Links_lead_somewhere()
    {
        var uids = Dashboards.Select(dashboard => dashboard.Uid).ToHashSet(StringComparer.Ordinal);
        var tags = Dashboards.SelectMany(dashboard => Items(dashboard.Root, "tags")).Select(tag => tag.GetString()!).ToHashSet(StringComparer.Ordinal);
        var anchors = File.ReadLines(Path.Combine(Checkout.Root, "docs", "operations.md"))
            .Where(line => line.StartsWith('#'))
            .Select(line => Checkout.Anchor(line.TrimStart('#').Trim()))
            .ToHashSet(StringComparer.Ordinal);

        Assert.All(Dashboards, dashboard =>
        {
            Assert.NotEmpty(Items(dashboard.Root, "links"));
            Assert.All(
                Items(dashboard.Root, "links").SelectMany(link => Items(link, "tags")), tag => Assert.Contains(tag.GetString()!, tags));
            Assert.All(dashboard.Panels.SelectMany(panel => Items(panel, "links")), link =>
            {
                var match = DashboardLinks().Match(Text(link, "url"));
                Assert.True(match.Success, Text(link, "url"));
                Assert.Contains(match.Groups["uid"].Value, uids);
            });
            Assert.All(
                dashboard.Shown.SelectMany(panel => RunbookLinks().Matches(Text(panel, "description"))), match => Assert.Contains(match.Groups["anchor"].Value, anchors));
        });
    }

    /// <summary>The runbook is a dashboard, too: one panel a section, so that a link to a section leads somewhere wherever Grafana runs.</summary>
    [Fact]
    public void Links_to_the_runbook_open_the_section_that_they_name()
    {
        var runbook = Assert.Single(Dashboards, dashboard => dashboard.Uid == Runbook);
        var sections = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "operations.md")).Split("\n## ")[1..];
        Assert.Equal(sections.Select(section => section.Split('\n')[0]), runbook.Panels.Select(panel => Text(panel, "title")));
        Assert.Equal(Ids(runbook).Distinct(), Ids(runbook));
        var places = sections.Zip(Ids(runbook)).SelectMany(pair => pair.First.Split('\n')
                .Where((line, at) => at == 0 || line.StartsWith("### ", StringComparison.Ordinal))
                .Select(line => (Anchor: Checkout.Anchor(line.TrimStart('#').Trim()), Panel: pair.Second)))
            .ToDictionary(place => place.Anchor, place => place.Panel, StringComparer.Ordinal);

        Assert.All(Dashboards.Where(dashboard => dashboard != runbook).SelectMany(dashboard => dashboard.Shown), panel =>
        {
            var description = Text(panel, "description");
            var links = SectionLinks().Matches(description);
            Assert.Equal(RunbookLinks().Count(description), links.Count);
            Assert.All(links, link => Assert.Equal(places[link.Groups["anchor"].Value], int.Parse(link.Groups["panel"].Value, CultureInfo.InvariantCulture)));
        });
    }

    [Fact]
    public void The_catalogue_says_which_panels_show_a_metric()
    {
        var shown = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var dashboard in Dashboards)
        {
            foreach (var panel in dashboard.Shown)
            {
                var metrics = Items(panel, "targets").SelectMany(target => Metrics(Text(target, "expr"))).Select(InCatalogue).OfType<string>().Distinct(StringComparer.Ordinal);
                foreach (var metric in metrics)
                {
                    (CollectionsMarshal.GetValueRefOrAddDefault(shown, metric, out _) ??= []).Add($"{dashboard.Title.Replace("Tally: ", "", StringComparison.Ordinal)}: {Text(panel, "title")}");
                }
            }
        }

        var expected = Catalogue.Keys.Select(metric => $"{metric} | {string.Join("; ", shown.GetValueOrDefault(metric, []))}");
        var written = CataloguePanels().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "docs", "telemetry.md")))
            .Select(row => $"{row.Groups["name"].Value} | {row.Groups["panels"].Value.Trim()}");

        Assert.Equal(string.Join('\n', expected), string.Join('\n', written));
    }

    [Fact]
    public void Each_dashboard_can_be_narrowed_and_shows_what_happened()
    {
        Assert.All(Dashboards.Where(dashboard => dashboard.Uid != Runbook), dashboard =>
        {
            var variables = Items(dashboard.Root.GetProperty("templating"), "list").Select(variable => Text(variable, "name")).ToList();
            Assert.Contains("datasource", variables);
            Assert.Contains("instance", variables);

            var annotations = Items(dashboard.Root.GetProperty("annotations"), "list");
            Assert.All(annotations, AssertVariable);
            Assert.Equal("Alerts, Restarts, Takeovers", string.Join(", ", annotations.Select(annotation => Text(annotation, "name")).Order(StringComparer.Ordinal)));

            var used = dashboard.Shown.SelectMany(panel => Items(panel, "targets")).SelectMany(target => VariableNames().Matches(Text(target, "expr")))
                .Select(match => match.Groups["name"].Value)
                .Where(name => !name.StartsWith("__", StringComparison.Ordinal));
            Assert.All(used, name => Assert.Contains(name, variables));
        });
    }

    private static List<int> Ids(Dashboard dashboard) => [.. dashboard.Panels.Select(panel => panel.GetProperty("id").GetInt32())];

    /// <summary>The metric that a series belongs to, as the catalogue calls it; null when it has none.</summary>
    private static string? InCatalogue(string series) =>
        Catalogue.ContainsKey(series) ? series
        : HistogramEndings.Where(ending => series.EndsWith(ending, StringComparison.Ordinal)).Select(ending => series[..^ending.Length]).FirstOrDefault(Catalogue.ContainsKey);

    private static void AssertVariable(JsonElement element) =>
        Assert.Equal("prometheus ${datasource}", $"{Text(element.GetProperty("datasource"), "type")} {Text(element.GetProperty("datasource"), "uid")}");

    /// <summary>Every query: of panels, annotations and variables.</summary>
    private static List<Query> Queries()
    {
        var queries = new List<Query>();
        foreach (var dashboard in Dashboards)
        {
            foreach (var panel in dashboard.Shown)
            {
                queries.AddRange(Items(panel, "targets").Select(target => new Query($"{dashboard.Uid}, {Text(panel, "title")}", Text(target, "expr"))));
            }

            foreach (var annotation in Items(dashboard.Root.GetProperty("annotations"), "list"))
            {
                queries.Add(new Query($"{dashboard.Uid}, annotation {Text(annotation, "name")}", Text(annotation, "expr")));
                Assert.Equal(Text(annotation, "expr"), Text(annotation.GetProperty("target"), "expr"));
            }

            foreach (var variable in Items(dashboard.Root.GetProperty("templating"), "list").Where(variable => Text(variable, "type") == "query"))
            {
                var series = LabelValues().Match(Text(variable, "definition"));
                Assert.True(series.Success, Text(variable, "definition"));
                queries.Add(new Query($"{dashboard.Uid}, variable {Text(variable, "name")}", series.Groups["series"].Value));
            }
        }

        Assert.NotEmpty(queries);
        return queries;
    }

    /// <summary>The names in a query that are neither functions, nor labels, nor words of the language.</summary>
    private static List<string> Metrics(string expression)
    {
        var bare = Strings().Replace(expression, "");
        bare = Selectors().Replace(bare, "");
        bare = LabelLists().Replace(bare, "");
        return
        [
            .. Identifiers().Matches(bare)
                .Where(match => match.Groups["call"].Length == 0)
                .Select(match => match.Groups["name"].Value)
                .Where(name => !Words.Contains(name)),
        ];
    }

    private static bool IsKnown(string name) =>
        Catalogue.TryGetValue(name, out var metric) && metric.Kind != "histogram"
        || Recorded.Contains(name)
        || Array.Exists(HistogramEndings, ending => name.EndsWith(ending, StringComparison.Ordinal)
            && Catalogue.TryGetValue(name[..^ending.Length], out var histogram) && histogram.Kind == "histogram")
        || Array.Exists(StandardPrefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal))
        || Array.Exists(PrometheusOwn, own => own == name);

    /// <summary>The members of a list, none when there is no list of that name.</summary>
    private static List<JsonElement> Items(JsonElement element, string name) =>
        element.TryGetProperty(name, out var list) ? [.. list.EnumerateArray()] : [];

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var text) ? text.GetString() ?? "" : "";

    private static List<Dashboard> ReadDashboards() =>
    [
        .. Directory.GetFiles(Path.Combine(Folder, "dashboards"), "*.json")
            .Order(StringComparer.Ordinal)
            .Select(file => new Dashboard(Path.GetFileNameWithoutExtension(file), JsonDocument.Parse(File.ReadAllText(file)).RootElement)),
    ];

    private static Dictionary<string, Metric> ReadCatalogue() =>
        CatalogueRows().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "docs", "telemetry.md"))).ToDictionary(
            row => row.Groups["name"].Value,
            row => new Metric(row.Groups["kind"].Value, row.Groups["labels"].Value.Split(',', StringSplitOptions.TrimEntries).Contains("all", StringComparer.Ordinal)),
            StringComparer.Ordinal);

    private static HashSet<string> ReadRecorded() =>
        RecordedNames().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "prometheus", "rules", "tally-recording.yml")))
            .Select(match => match.Groups["name"].Value)
            .ToHashSet(StringComparer.Ordinal);

    [GeneratedRegex(
        @"^\| `[a-z._]+` \| `(?<name>[a-z_]+)` \| (?<kind>counter|gauge|histogram)[^|\n]*\|(?<labels>[^|\n]*)\|",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.Multiline)]
    private static partial Regex CatalogueRows();

    [GeneratedRegex(@"\b(tally|rpc)_[a-z0-9_]+", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex OwnNames();

    [GeneratedRegex(@"^ +- record: (?<name>[a-z0-9_:]+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.Multiline)]
    private static partial Regex RecordedNames();

    [GeneratedRegex(@"""[^""]*""", RegexOptions.NonBacktracking)]
    private static partial Regex Strings();

    [GeneratedRegex(@"\{[^}]*\}|\[[^\]]*\]", RegexOptions.NonBacktracking)]
    private static partial Regex Selectors();

    [GeneratedRegex(@"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex LabelLists();

    [GeneratedRegex(@"\b(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\s*(?<call>\())?", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Identifiers();

    [GeneratedRegex(@"\b(rate|irate|increase)\s*\(\s*(?<name>[a-zA-Z0-9_:]+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Rates();

    [GeneratedRegex(@"\bsum(\s+by\s*\([^)]*\))?\s*\(\s*(?<name>[a-zA-Z0-9_:]+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Sums();

    [GeneratedRegex(@"^label_values\((?<series>.+), \w+\)$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex LabelValues();

    [GeneratedRegex(@"\$\{?(?<name>\w+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex VariableNames();

    [GeneratedRegex(@"^/d/(?<uid>[a-z-]+)\?", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex DashboardLinks();

    [GeneratedRegex(@"docs/operations\.md#(?<anchor>[a-z0-9_-]+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex RunbookLinks();

    [GeneratedRegex(@"\[docs/operations\.md#(?<anchor>[a-z0-9_-]+)\]\(/d/tally-runbook\?viewPanel=(?<panel>[0-9]+)\)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex SectionLinks();

    [GeneratedRegex(
        @"^\| `[a-z._]+` \| `(?<name>[a-z_]+)` \|([^|\n]*\|){4}(?<panels>[^|\n]*)\|$",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.Multiline)]
    private static partial Regex CataloguePanels();

    private sealed record Dashboard(string File, JsonElement Root)
    {
        public string Uid => Text(Root, "uid");

        public string Title => Text(Root, "title");

        public List<JsonElement> Panels => Items(Root, "panels");

        /// <summary>Those with queries: without the headings between them, and without the runbook's.</summary>
        public List<JsonElement> Shown => [.. Panels.Where(panel => Text(panel, "type") is not ("row" or "text"))];
    }

    private sealed record Metric(string Kind, bool OfAll);

    private sealed record Query(string Where, string Expression);
}
