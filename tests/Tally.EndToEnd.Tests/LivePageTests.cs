using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OpenQA.Selenium;
using Tally.TestSupport;

namespace Tally.EndToEnd.Tests;

/// <summary>The live page of Totals, in a real browser and on the system that a person starts.</summary>
[Collection(nameof(SharedSystem))]
public sealed partial class LivePageTests(RunningSystem system)
{
    private const string AllIsWell = "Nothing is lost, nothing is waiting";

    [KafkaFact(Browser.Program, Browser.Driver)]
    public async Task A_number_is_added_and_arrives_and_a_Totals_that_dies_is_waited_for()
    {
        using var browser = new Browser();
        browser.Open(await system.EndpointAsync("totals-1", "http"));
        await browser.ShowsAsync("connection", text => text.EndsWith("live", StringComparison.Ordinal));
        await browser.ShowsAsync("verdict", text => text.Contains(AllIsWell, StringComparison.Ordinal));
        var before = decimal.Parse(browser.TextOf("total"), System.Globalization.CultureInfo.InvariantCulture);
        Assert.Matches(Complete(), browser.TextOf("completeness"));
        await browser.ShowsAsync("audit", text => Compared().IsMatch(text));

        browser.Type("a", "1.25");
        browser.Type("b", "-0.5");
        browser.Press("b", Keys.Enter);
        await browser.ShowsAsync("add-answer", text => text.EndsWith("0.75 is in the total", StringComparison.Ordinal));
        Assert.Equal(before + 0.75m, decimal.Parse(browser.TextOf("total"), System.Globalization.CultureInfo.InvariantCulture));
        browser.Type("a", "many");
        browser.Press("b", Keys.Enter);
        await browser.ShowsAsync("add-answer", text => text.Contains("'many'", StringComparison.Ordinal));

        // Heard is what changed for good: neither the total, nor whether something is on its way just now.
        await Eventually.TrueAsync(() => browser.Evaluate<bool>("document.getElementById('spoken').textContent === 'Nothing is lost'"), TimeSpan.FromSeconds(30));
        Assert.True(browser.Evaluate<bool>("document.getElementById('total').getAttribute('aria-live') === 'off'"));
        Assert.Equal(8, browser.Evaluate<long>("document.querySelectorAll('#shards tr').length"));
        Assert.Equal(2, browser.Evaluate<long>("document.querySelectorAll('.uplot canvas').length"));

        // A refused number is told by a 400, which a browser notes; anything else would be a fault.
        Assert.All(browser.Complaints(), complaint => Assert.Contains("/api/add", complaint, StringComparison.Ordinal));
        browser.Picture("live");

        await Signals.KillAsync(await system.PidOfAsync("totals-1"));
        await browser.ShowsAsync("connection", text => text.Contains("reconnecting", StringComparison.Ordinal));
        await browser.ShowsAsync("verdict", text => text.Contains("may be old", StringComparison.Ordinal));
        browser.Picture("reconnecting");
        (await system.RunAsync("add", "40", "2")).With(0);
        await browser.ShowsAsync("connection", text => text.EndsWith("live", StringComparison.Ordinal));
        await browser.ShowsAsync("total", text => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture) == before + 42.75m);
    }

    [KafkaTheory(Browser.Program, Browser.Driver)]
    [InlineData("phone", 360, 740, "dark")]
    [InlineData("wall", 3840, 2160, "light")]
    public async Task It_fits_on_every_screen_in_light_and_dark(string name, int width, int height, string scheme)
    {
        using var browser = new Browser();
        browser.See(width, height, scheme);
        browser.Open(await system.EndpointAsync("totals-1", "http"));
        await browser.ShowsAsync("verdict", text => text.Contains(AllIsWell, StringComparison.Ordinal));

        Assert.True(browser.Evaluate<bool>("document.documentElement.scrollWidth <= innerWidth"), "The page is wider than the screen.");
        Assert.Equal(scheme == "dark", browser.Evaluate<bool>("getComputedStyle(document.body).backgroundColor === 'rgb(14, 20, 25)'"));
        Assert.Empty(browser.Complaints());
        browser.Picture(name);
    }

    [KafkaFact(Browser.Program, Browser.Driver)]
    public async Task Each_trouble_is_seen()
    {
        (string Trouble, string Verdict, string? Listed)[] troubles =
        [
            ("gap", "A shard stands still", "shard 0: gap – sequence 7 is missing"),
            ("fork", "A shard stands still", "shard 0: fork – epoch 3 is gone"),
            ("damaged", "A shard stands still", "shard 0: damaged – sequence 7 can't be folded"),
            ("quarantine", AllIsWell, "1,234 in quarantine: ./tally quarantine list"),
            ("adopted", AllIsWell, "3 (sum 12.5) kept of histories that were given up"),
            ("difference", "The total is wrong", null),
            ("audit", "The total is wrong", null),
            ("uncompared", "Not compared with the outbox: nobody knows whether anything is lost", null),
            ("partly", "3 of 8 shards compared here: nothing is lost in these", null),
            ("silent", "No Calculator answers: what was accepted since is unknown", null),
            ("database", "the database can't be read now", "how much lies in quarantine is unknown"),
        ];
        (await system.RunAsync("add", "1", "1", "--wait")).With(0);
        var staged = "";
        await using var page = await StagedPage.StartAsync(await system.EndpointAsync("totals-1", "http"), state => Stage(staged, state));
        using var browser = new Browser();
        browser.Open(page.Address);
        foreach (var (trouble, verdict, listed) in troubles)
        {
            staged = "";
            await browser.ShowsAsync("verdict", text => text.Contains(AllIsWell, StringComparison.Ordinal));
            await browser.ShowsAsync("troubles", text => text == "none");
            staged = trouble;

            await browser.ShowsAsync("verdict", text => text.Contains(verdict, StringComparison.Ordinal));
            await browser.ShowsAsync("troubles", text => listed is null ? text == "none" : text.Contains(listed, StringComparison.Ordinal));
            Assert.Equal(verdict == AllIsWell, browser.Evaluate<bool>("document.getElementById('verdict').dataset.state === 'good'"));
            browser.Picture($"trouble-{trouble}");
        }

        Assert.Empty(browser.Complaints());
    }

    [KafkaFact(Browser.Program, Browser.Driver)]
    public async Task A_frozen_Totals_is_taken_for_lost_and_asked_anew()
    {
        await using var page = await StagedPage.StartAsync(await system.EndpointAsync("totals-1", "http"), static _ => { });
        using var browser = new Browser();
        browser.Open(page.Address);
        await browser.ShowsAsync("verdict", text => text.Contains(AllIsWell, StringComparison.Ordinal));
        page.IsFrozen = true;
        await browser.ShowsAsync("verdict", text => text.Contains("may be old", StringComparison.Ordinal));
        var before = page.Connections;
        await Eventually.TrueAsync(() => page.Connections > before, TimeSpan.FromSeconds(30));

        page.IsFrozen = false;
        await browser.ShowsAsync("connection", text => text.EndsWith("live", StringComparison.Ordinal));
        await browser.ShowsAsync("verdict", text => text.Contains(AllIsWell, StringComparison.Ordinal));
    }

    private static void Stage(string trouble, JsonObject state)
    {
        var shard = state["shards"]![0]!;
        switch (trouble)
        {
            case "gap":
                (shard["state"], shard["reason"]) = ("gap", "sequence 7 is missing");
                break;
            case "fork":
                (shard["state"], shard["reason"]) = ("fork", "epoch 3 is gone");
                break;
            case "damaged":
                (shard["state"], shard["reason"]) = ("damaged", "sequence 7 can't be folded");
                break;
            case "quarantine":
                state["quarantined"] = 1_234;
                break;
            case "adopted":
                state["adopted"] = new JsonObject { ["count"] = 3, ["sum"] = "12.5" };
                break;
            case "difference":
                shard["results"] = shard["counted"]!.GetValue<long>() + 1;
                break;
            case "audit":
                state["audit"] = new JsonObject { ["shards"] = 8, ["differences"] = 1, ["seconds"] = 2 };
                break;
            case "uncompared":
                state["audit"] = null;
                break;
            case "partly":
                state["audit"] = new JsonObject { ["shards"] = 3, ["differences"] = 0, ["seconds"] = 2 };
                break;
            case "silent":
                state["source"]!["answers"] = false;
                break;
            case "database":
                state["trouble"] = "the database can't be read now";
                state["quarantined"] = null;
                break;
        }
    }

    [GeneratedRegex("^[0-9,]+ accepted, [0-9,]+ counted, difference 0$", RegexOptions.NonBacktracking)]
    private static partial Regex Complete();

    [GeneratedRegex("^8 shards compared with the outbox [0-9]+ s ago: no difference$", RegexOptions.NonBacktracking)]
    private static partial Regex Compared();
}
