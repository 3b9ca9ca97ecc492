using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Tally.Telemetry.Tests;

/// <summary>The rules in deploy/prometheus, their unit tests, and what docs/operations.md says to whoever is woken by them.</summary>
public sealed partial class RulesTests
{
    private static readonly TimeSpan PromtoolLimit = TimeSpan.FromMinutes(3);

    private static readonly string Folder = Path.Combine(Checkout.Root, "deploy", "prometheus");
    private static readonly string[] Runbook = File.ReadAllLines(Path.Combine(Checkout.Root, "docs", "operations.md"));

    [ProgramFact("promtool", "prometheus")]
    public async Task Promtool_accepts_the_rules()
    {
        var (exitCode, said) = await RunAsync(["check", "rules", .. Files("rules")]);

        Assert.True(exitCode == 0, said);
        Assert.DoesNotContain("duplicate", said, StringComparison.OrdinalIgnoreCase);
    }

    [ProgramFact("promtool", "prometheus")]
    public async Task Alerts_fire_when_they_should_and_only_then()
    {
        var (exitCode, said) = await RunAsync(["test", "rules", .. Files("tests")]);

        Assert.True(exitCode == 0, said);
    }

    [ProgramFact("promtool", "prometheus")]
    public async Task Queries_of_the_runbook_can_be_run()
    {
        var queries = Sections().SelectMany(section => section.Queries).ToList();
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(
                file,
                ["groups:", "- name: runbook", "  rules:", .. queries.SelectMany((query, number) => (string[])[$"  - record: query_{number}", "    expr: |", $"      {query}"])]);

            var (exitCode, said) = await RunAsync(["check", "rules", file]);

            Assert.True(exitCode == 0, said);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Every_alert_says_how_urgent_it_is_what_it_means_and_where_to_read_on()
    {
        var sections = Sections().ToDictionary(section => section.Anchor, StringComparer.Ordinal);
        var alerts = Alerts();

        Assert.NotEmpty(alerts);
        Assert.All(alerts, alert =>
        {
            Assert.Matches("^(page|ticket)$", alert.Of("severity"));
            Assert.NotEqual("", alert.Of("summary"));
            Assert.NotEqual("", alert.Of("description"));
            var link = alert.Of("runbook_url").Split('#');
            Assert.Equal("docs/operations.md", link[0]);
            Assert.True(sections.TryGetValue(link[1], out var section), $"{alert.Name} links to #{link[1]}, which docs/operations.md doesn't have.");
            Assert.Contains($"`{alert.Name}`", section!.Text, StringComparison.Ordinal);
            Assert.True(section.Queries.Count > 0, $"#{link[1]} has no query to start from.");
        });
    }

    [Fact]
    public void The_runbook_names_no_alert_that_is_not_there()
    {
        var alerts = Alerts().Select(alert => alert.Name).Distinct().Order(StringComparer.Ordinal);
        var named = Runbook.Select(line => AlertLines().Match(line)).Where(match => match.Success).Select(match => match.Groups["name"].Value);

        Assert.Equal(alerts, named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_alert_is_tested_both_ways()
    {
        var tests = string.Join('\n', Files("tests").Select(File.ReadAllText));
        var cases = AlertCases().Matches(tests).Select(match => (Name: match.Groups["name"].Value, Fires: match.Groups["none"].Length == 0)).ToHashSet();
        var alerts = Alerts().Select(alert => alert.Name).Distinct().ToList();

        Assert.Equal(
            alerts.SelectMany(name => new[] { (name, true), (name, false) }).Order(),
            cases.Order());
    }

    [Fact]
    public void The_catalogue_names_the_alerts_that_ask_for_a_metric_also_through_recorded_series()
    {
        var recorded = Expressions("tally-recording.yml", "record").ToLookup(static rule => rule.Name, static rule => rule.Expression, StringComparer.Ordinal);
        var alerts = Expressions("tally-alerts.yml", "alert").Select(rule => (rule.Name, Asked: Asked(rule.Expression, recorded))).ToList();
        var written = CatalogueAlerts().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "docs", "telemetry.md"))).ToList();
        var expected = written.Select(row => row.Groups["name"].Value).Select(name =>
            $"{name} | {string.Join(", ", alerts.Where(alert => alert.Asked.Any(asked => SeriesEndings().Replace(asked, "") == name || asked == name)).Select(static alert => alert.Name).Distinct())}");

        Assert.NotEmpty(written);
        Assert.Equal(string.Join('\n', expected), string.Join('\n', written.Select(row => $"{row.Groups["name"].Value} | {row.Groups["alerts"].Value.Trim()}")));
    }

    [Fact]
    public void The_configuration_loads_the_rules() =>
        Assert.Contains("rule_files:\n  - rules/*.yml\n", File.ReadAllText(Path.Combine(Folder, "prometheus.yml")), StringComparison.Ordinal);

    private static string[] Files(string folder)
    {
        var files = Directory.GetFiles(Path.Combine(Folder, folder), "*.yml");
        Assert.NotEmpty(files);
        return files;
    }

    private static List<Alert> Alerts() =>
    [
        .. Files("rules")
            .SelectMany(file => AlertStarts().Split(File.ReadAllText(file)).Skip(1))
            .Select(rule => new Alert(rule[..rule.IndexOf('\n', StringComparison.Ordinal)], rule)),
    ];

    private static List<(string Name, string Expression)> Expressions(string file, string kind) =>
    [
        .. Regex.Split(File.ReadAllText(Path.Combine(Folder, "rules", file)), $"^ +- {kind}: ", RegexOptions.Multiline, TimeSpan.FromSeconds(5)).Skip(1)
            .Select(rule => (rule[..rule.IndexOf('\n', StringComparison.Ordinal)], RuleExpressions().Match(rule).Value)),
    ];

    /// <summary>What an expression asks for, down to what is scraped.</summary>
    private static HashSet<string> Asked(string expression, ILookup<string, string> recorded) =>
    [
        .. Words().Matches(expression).Select(static word => word.Value)
            .SelectMany(word => recorded.Contains(word) ? recorded[word].SelectMany(inner => Asked(inner, recorded)) : [word]),
    ];

    /// <summary>Sections down to the next heading of any level; what looks like one within a block of code is none.</summary>
    private static List<Section> Sections()
    {
        var sections = new List<Section>();
        var inCode = "";
        foreach (var line in Runbook)
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                inCode = inCode.Length == 0 ? line : "";
            }
            else if (inCode.Length == 0 && Headings().Match(line) is { Success: true } heading)
            {
                sections.Add(new Section(Checkout.Anchor(heading.Groups["title"].Value)));
            }
            else if (sections.Count > 0)
            {
                sections[^1].Add(line, isQuery: inCode == "```promql");
            }
        }

        return sections;
    }

    private static async Task<(int ExitCode, string Said)> RunAsync(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("promtool", arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var promtool = Process.Start(start)!;
        try
        {
            var said = await Task.WhenAll(promtool.StandardOutput.ReadToEndAsync(), promtool.StandardError.ReadToEndAsync()).WaitAsync(PromtoolLimit);
            await promtool.WaitForExitAsync().Within();
            return (promtool.ExitCode, string.Concat(said));
        }
        finally
        {
            promtool.Kill();
        }
    }

    [GeneratedRegex("^ +- alert: ", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex AlertStarts();

    [GeneratedRegex("^#+ (?<title>.+)$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Headings();

    [GeneratedRegex(@"^\*Alert\* `(?<name>\w+)`", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex AlertLines();

    [GeneratedRegex(@"alertname: (?<name>\w+)\n\s+eval_time: \w+\n\s+exp_alerts:(?<none> \[\])?", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex AlertCases();

    [GeneratedRegex(@"^ +expr: (\|\n( {10,}[^\n]*\n)+|[^\n|]+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.Multiline)]
    private static partial Regex RuleExpressions();

    [GeneratedRegex("[a-zA-Z_:][a-zA-Z0-9_:]*", RegexOptions.NonBacktracking)]
    private static partial Regex Words();

    [GeneratedRegex("_(bucket|count|sum)$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex SeriesEndings();

    [GeneratedRegex(
        @"^\| `[a-z._]+` \| `(?<name>[a-z_]+)` \|([^|\n]*\|){3}(?<alerts>[^|\n]*)\|[^|\n]*\|$",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.Multiline)]
    private static partial Regex CatalogueAlerts();

    private sealed record Alert(string Name, string Rule)
    {
        /// <summary>The value of a label or an annotation, also of one that begins on the next line; empty when there is none.</summary>
        public string Of(string key)
        {
            var match = Regex.Match(Rule, $@"^ +{key}: (>-\n +)?(?<value>.+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5));
            return match.Groups["value"].Value.Trim();
        }
    }

    private sealed class Section(string anchor)
    {
        private readonly List<string> _lines = [];

        public string Anchor { get; } = anchor;

        public string Text => string.Join('\n', _lines);

        public List<string> Queries { get; } = [];

        public void Add(string line, bool isQuery)
        {
            _lines.Add(line);
            if (isQuery)
            {
                Queries.Add(line);
            }
        }
    }
}
