using System.Text.Json;
using System.Xml.Linq;
using Tally.AppHost.Commands;
using Tally.AppHost.Commands.Load;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Proof;
using Tally.AppHost.Tests.Support;

namespace Tally.AppHost.Tests.Load;

public sealed class LoadReportTests
{
    private static readonly LoadScenario Smoke = LoadScenario.All[0];
    private static readonly LoadScenario Stress = LoadScenario.All.Single(scenario => scenario.HasSteps);

    [Fact]
    public void A_scenario_demands_speed_beside_completeness()
    {
        var slow = Step(rate: 100, answered: 90) with { Failed = 4, NotBegun = 6, Latency = Latencies(p99: 3_000) };

        Assert.Empty(Report(Smoke, Step(100, 100)).Problems);
        Assert.Equal(
            ["4 calls failed and 6 never began, of 100; at most 0.1% may.", "p99 is 3000 ms; at most 1000 ms are allowed."],
            Report(Smoke, slow).Problems);
        Assert.Empty(Report(Stress, slow).Problems);
    }

    [Fact]
    public void A_call_without_an_answer_is_a_problem_in_every_scenario() =>
        Assert.Equal(["2 calls were never answered, though they were made again and again."], Report(Stress, Step(100, 100), unknown: 2).Problems);

    [Fact]
    public void What_is_too_slow_fails_and_is_not_said_to_be_lost()
    {
        using var written = new StringWriter();
        var load = Report(Smoke, Step(100, 100));
        var figure = new Figure(100, Amount.FromUnits(5));
        var report = new ProofReport(new Evidence([new ShardEvidence(0, 100) { Stored = figure, Published = figure, Applied = figure }]), load.Outcome.Books, [])
        {
            Load = load,
            Shortcomings = ["p99 is long."],
        };

        Assert.Equal(1, report.Tell(new TextOutput(new Terminal(() => TextReader.Null, written, TextWriter.Null))));
        Assert.EndsWith("PROVED: nothing lost, nothing doubled.\nBut what was demanded besides doesn't hold:\np99 is long.\n", written.ToString(), StringComparison.Ordinal);
        written.GetStringBuilder().Clear();
        report.Tell(new JsonOutput(new Terminal(() => TextReader.Null, written, TextWriter.Null)));
        Assert.Equal("LIMIT_EXCEEDED", JsonDocument.Parse(written.ToString()).RootElement.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public void The_chart_has_a_bar_for_each_step_on_a_logarithmic_scale()
    {
        var lines = LoadChart.Draw([Step(100, 100, p50: 1, p99: 10), Step(200, 200, p50: 10, p99: 100)]).ToArray();

        Assert.Equal(
            [
                "",
                "  asked/s  █ to p50, ░ to p99",
                "      100  ████████████████████░░░░░░░░░░░░░░░░░░░░",
                "      200  ████████████████████████████████████████░░░░░░░░░░░░░░░░░░░░",
                "           └0.1 ms             └1 ms               └10 ms              └100 ms",
            ],
            lines);
        Assert.Empty(LoadChart.Draw([Step(100, 100)]));
    }

    [Fact]
    public void The_picture_is_well_formed_and_has_a_point_for_each_step()
    {
        var svg = XElement.Parse(LoadPicture.Draw("stress & more <than> \"this\"", [Step(100, 100), Step(150, 149, p50: 5, p99: 900), Step(225, 0)]));

        Assert.Equal(4, svg.Descendants().Count(element => element.Name.LocalName == "circle"));
        Assert.Equal("stress & more <than> \"this\"", svg.Attribute("aria-label")!.Value);
    }

    [Fact]
    public async Task The_summary_is_written_for_programs_and_for_people()
    {
        using var folder = new TemporaryFolder();
        var load = Report(Stress, Step(100, 100), folder: folder.In("out"));
        var figure = new Figure(100, Amount.FromUnits(5));
        var report = new ProofReport(new Evidence([new ShardEvidence(0, 100) { Stored = figure, Published = figure, Applied = figure }]), load.Outcome.Books, []) { Load = load };

        Directory.CreateDirectory(load.Plan.Folder);
        await LoadFiles.WriteAsync(report, load);

        var json = JsonDocument.Parse(await File.ReadAllTextAsync(folder.In("out/summary.json"))).RootElement;
        Assert.True(json.GetProperty("ok").GetBoolean());
        Assert.Equal(
            ["scenario", "generator", "all", "steps", "most_answered_per_second", "folder"],
            json.EnumerateObject().Select(property => property.Name).SkipWhile(name => name != "scenario"));
        Assert.Equal(
            """{"asked_per_second":100,"answered_per_second":100,"seconds":1,"due":100,"answered":100,"failed":0,"not_begun":0,"latency_ms":{"p50":1,"p95":2,"p99":2,"p999":2,"max":2}}""",
            json.GetProperty("all").GetRawText());
        Assert.Contains("PROVED: nothing lost, nothing doubled.", await File.ReadAllTextAsync(folder.In("out/summary.txt")), StringComparison.Ordinal);
        Assert.Contains("<svg", await File.ReadAllTextAsync(folder.In("out/summary.html")), StringComparison.Ordinal);
    }

    private static LoadReport Report(LoadScenario scenario, LoadStep step, long unknown = 0, string folder = "") => new(
        new LoadPlan(scenario, 100, TimeSpan.FromSeconds(1), 10, TimeSpan.FromSeconds(1), folder),
        "built-in",
        default,
        new LoadOutcome(new Books(new Figure(step.Answered, Amount.FromUnits(5)), unknown, 0, 0), step, [step]));

    private static LoadStep Step(double rate, long answered, double p50 = 1, double p99 = 2) =>
        new(rate, 1) { Due = (long)rate, Answered = answered, Latency = Latencies(p99, p50) };

    private static LoadLatency Latencies(double p99, double p50 = 1)
    {
        var (low, high) = (TimeSpan.FromMilliseconds(p50), TimeSpan.FromMilliseconds(p99));
        return new LoadLatency(low, P95: p99 > 1_000 ? low : high, high, high, high);
    }
}
