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

        browser.Type("a", "1.25");
        browser.Type("b", "-0.5");
        browser.Press("b", Keys.Enter);
        await browser.ShowsAsync("add-answer", text => text.EndsWith("0.75 is in the total", StringComparison.Ordinal));
        Assert.Equal(before + 0.75m, decimal.Parse(browser.TextOf("total"), System.Globalization.CultureInfo.InvariantCulture));
        browser.Type("a", "many");
        browser.Press("b", Keys.Enter);
        await browser.ShowsAsync("add-answer", text => text.Contains("'many'", StringComparison.Ordinal));
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

    [GeneratedRegex("^[0-9,]+ accepted, [0-9,]+ counted, difference 0$", RegexOptions.NonBacktracking)]
    private static partial Regex Complete();
}
