using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tally.TestSupport;
using Tally.Totals.Tests.Support;

namespace Tally.Totals.Tests.Live;

/// <summary>The live page without a browser: its files, its states, and its form.</summary>
[Collection(TotalsCollection.Name)]
public sealed partial class LivePageTests(TestEnvironment environment)
{
    [KafkaFact]
    public async Task The_page_asks_for_nothing_that_it_does_not_bring_along()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await TotalsHost.StartUnreadyAsync(environment.Kafka, await environment.CreateTopicAsync(), database.ConnectionString);

        using var page = await host.Http.GetAsync("/");
        var html = await page.Content.ReadAsStringAsync();
        Assert.StartsWith("default-src 'none'; script-src 'self';", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.DoesNotContain("style=", html, StringComparison.Ordinal);

        var asked = Link().Matches(html).Select(match => match.Groups["path"].Value).ToList();
        Assert.Contains("/live.js", asked);
        foreach (var path in asked.Where(path => path[0] != '#'))
        {
            Assert.StartsWith("/", path, StringComparison.Ordinal);
            using var file = await host.Http.GetAsync(path);
            Assert.True(file.IsSuccessStatusCode || path == "/api/status", path);
        }

        using var again = new HttpRequestMessage(HttpMethod.Get, "/live.js");
        again.Headers.IfNoneMatch.Add((await host.Http.GetAsync("/live.js")).Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await host.Http.SendAsync(again)).StatusCode);
    }

    [KafkaFact]
    public async Task Each_state_is_whole_and_follows_the_total()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync();
        using var source = new SumSource(environment.Kafka, topic, 1);
        await using var calculator = await FakeCalculator.StartAsync(source);
        await using var host = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString, $"--Totals:Calculators={calculator.Address}");
        await using var states = new States(host.Http);

        var first = await states.UntilAsync(state => state.GetProperty("source").ValueKind == JsonValueKind.Object);
        Assert.Equal(("0", "totals-1"), (first.GetProperty("total").GetString(), first.GetProperty("instance").GetString()));

        var waiting = calculator.Store(40);
        var before = await states.UntilAsync(state => state.GetProperty("source").GetProperty("accepted").GetInt64() == 1);
        Assert.Equal((0, 1), (before.GetProperty("count").GetInt64(), before.GetProperty("source").GetProperty("in_kafka").GetInt64()));

        await calculator.SendAsync(waiting);
        var after = await states.UntilAsync(state => state.GetProperty("source").GetProperty("counted").GetInt64() == 1);
        Assert.Equal("40", after.GetProperty("total").GetString());
        var shard = Assert.Single(after.GetProperty("shards").EnumerateArray());
        Assert.Equal(
            ("ok", 1, 1, 1),
            (shard.GetProperty("state").GetString(), shard.GetProperty("committed").GetInt64(), shard.GetProperty("counted").GetInt64(), shard.GetProperty("results").GetInt64()));
        Assert.True((await states.UntilAsync(state => state.GetProperty("delay").ValueKind == JsonValueKind.Object)).GetProperty("delay").GetProperty("p99").GetDouble() > 0);
    }

    [KafkaFact]
    public async Task The_form_adds_through_a_Calculator()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync();
        using var source = new SumSource(environment.Kafka, topic, 1);
        await using var calculator = await FakeCalculator.StartAsync(source);
        await using var host = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString, $"--Totals:Calculators=http://127.0.0.1:1,{calculator.Address}");

        var (code, answer) = await PostAsync(host, """{"a": "40", "b": "2", "key": "k"}""");
        Assert.Equal((HttpStatusCode.OK, """{"result":"42","shard":0,"sequence":1}"""), (code, answer));
        await Eventually.TrueAsync(async () => (await host.StatusAsync()).GetProperty("total").GetString() == "42", TotalsHost.Soon);

        (code, answer) = await PostAsync(host, """{"a": "forty", "b": "2", "key": "k2"}""");
        Assert.Equal(HttpStatusCode.BadRequest, code);
        Assert.Contains("'forty'", answer, StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task What_is_wrong_with_a_request_is_told_as_a_problem()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await TotalsHost.StartUnreadyAsync(
            environment.Kafka, await environment.CreateTopicAsync(), database.ConnectionString, "--Totals:Calculators=http://127.0.0.1:1");

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await PostAsync(host, "a=1&b=2", "application/x-www-form-urlencoded")).Code);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(host, """{"a": """)).Code);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(host, """{"a": "1", "b": "2"}""")).Code);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await PostAsync(host, $$"""{"a": "{{new string('1', 2000)}}"}""")).Code);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(host, "{}", charset: "nonsense")).Code);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(host, "{}", origin: "http://elsewhere.example")).Code);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(host, "{}", origin: "http://rebound.example:8082", named: "rebound.example:8082")).Code);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(host, "{}", origin: "http://localhost:8082", named: "localhost:8082")).Code);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await PostAsync(host, """{"a": "1", "b": "2", "key": "k"}""")).Code);
    }

    /// <summary>Every refusal is a problem that says what is wrong.</summary>
    private static async Task<(HttpStatusCode Code, string Answer)> PostAsync(TotalsHost host, string body, string contentType = "application/json", string? origin = null, string charset = "utf-8", string? named = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/add") { Content = new StringContent(body, Encoding.UTF8, contentType) };
        request.Content.Headers.ContentType!.CharSet = charset;
        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        request.Headers.Host = named;

        using var response = await host.Http.SendAsync(request).Within(TotalsHost.Soon);
        var answer = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode)
        {
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            Assert.NotEmpty(JsonDocument.Parse(answer).RootElement.GetProperty("detail").GetString()!);
        }

        return (response.StatusCode, answer);
    }

    [GeneratedRegex("(src|href)=\"(?<path>[^\"]+)\"", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Link();

    /// <summary>The states that a page gets.</summary>
    private sealed class States(HttpClient http) : IAsyncDisposable
    {
        private StreamReader? _lines;

        public async Task<JsonElement> UntilAsync(Func<JsonElement, bool> isIt)
        {
            using var patience = new CancellationTokenSource(TotalsHost.Soon);
            _lines ??= new StreamReader(await http.GetStreamAsync(new Uri("/api/live", UriKind.Relative), patience.Token));
            while (await _lines.ReadLineAsync(patience.Token) is { } line)
            {
                if (line.StartsWith("data: ", StringComparison.Ordinal) && JsonDocument.Parse(line[6..]).RootElement is var state && isIt(state))
                {
                    return state;
                }
            }

            throw new EndOfStreamException();
        }

        public ValueTask DisposeAsync()
        {
            _lines?.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
