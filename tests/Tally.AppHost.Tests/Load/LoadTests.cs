using System.Text.Json;
using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Chaos;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Load;

/// <summary>The command on a running system: with the generator that it brings, and with a real k6.</summary>
[Collection(nameof(WholeSystems))]
public sealed class LoadTests(LoadTests.Loaded loaded) : IClassFixture<LoadTests.Loaded>, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_built_in_generator_proves_what_it_did_and_a_second_run_knows_the_first()
    {
        var (exitCode, first) = await LoadAsync("spike", "--builtin", "--rate", "20", "--duration", "4", "--users", "50");
        Assert.True(exitCode == 0, $"{first}");
        Assert.Equal("built-in", first.GetProperty("generator").GetString());
        Assert.Equal(5, first.GetProperty("steps").GetArrayLength());
        var accepted = CountOf(first, "accepted");
        Assert.Equal(first.GetProperty("all").GetProperty("due").GetInt64(), accepted);

        var (_, second) = await LoadAsync("smoke", "--builtin", "--duration", "1");

        Assert.Equal(CountOf(first, "applied"), CountOf(second, "before"));
        Assert.Equal(CountOf(first, "applied") + CountOf(second, "accepted"), CountOf(second, "applied"));
    }

    [Fact]
    public async Task Stress_goes_on_until_it_gives_and_shows_where()
    {
        // So few users give early.
        var (exitCode, answer) = await LoadAsync("stress", "--builtin", "--rate", "200", "--duration", "1", "--users", "4");

        Assert.True(exitCode == 0, $"{answer}");
        var steps = answer.GetProperty("steps").EnumerateArray().ToArray();
        Assert.True(steps.Length >= 2);
        Assert.True(steps[^1].GetProperty("answered").GetInt64() < steps[^1].GetProperty("due").GetInt64() || steps[^1].GetProperty("latency_ms").GetProperty("p99").GetDouble() > 1_000);
        Assert.True(answer.GetProperty("most_answered_per_second").GetDouble() > 0);
        Assert.Contains("the 4 users", answer.GetProperty("limit").GetString(), StringComparison.Ordinal);
        Assert.True(File.Exists(_folder.In("rate-latency.svg")));
    }

    [Fact]
    public async Task A_result_that_no_call_knows_of_fails_it()
    {
        var before = await CommittedAsync();
        var loading = LoadAsync("smoke", "--builtin", "--duration", "3");
        await Eventually.TrueAsync(async () => await CommittedAsync() > before, Patience);

        await loaded.System.AddAsync(2);

        var (exitCode, answer) = await loading;
        Assert.Equal(1, exitCode);
        Assert.Contains("(2 too many)", answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [ToolFact("k6")]
    public async Task K6_proves_the_same_by_its_own_books()
    {
        var (exitCode, answer) = await LoadAsync("spike", "--rate", "20", "--duration", "5", "--users", "50");

        Assert.True(exitCode == 0, $"{answer}");
        Assert.StartsWith("k6 ", answer.GetProperty("generator").GetString(), StringComparison.Ordinal);
        var own = ReadK6();
        Assert.Equal(CountOf(answer, "accepted"), own.GetProperty("accepted").GetProperty("count").GetInt64());
        Assert.Equal(answer.GetProperty("accepted").GetProperty("sum").GetString(), own.GetProperty("accepted").GetProperty("sum").GetString());
        Assert.Equal((0, 0), DifferenceOf(own));
        Assert.Equal(5, answer.GetProperty("steps").GetArrayLength());
        Assert.All((string[])["k6.html", "k6.txt", "summary.html", "summary.txt", "summary.json", "rate-latency.svg"], file => Assert.True(File.Exists(_folder.In(file)), file));
    }

    [ToolFact("k6")]
    public async Task K6_fails_by_itself_when_the_total_has_a_sum_too_many()
    {
        var before = await CommittedAsync();
        var loading = LoadAsync("smoke", "--duration", "3");
        await Eventually.TrueAsync(async () => await CommittedAsync() > before, Patience);

        await loaded.System.AddAsync(2);

        var (exitCode, answer) = await loading;
        Assert.Equal(1, exitCode);
        Assert.Contains("(2 too many)", answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        var own = ReadK6();
        Assert.Equal((-2, -2.01), DifferenceOf(own));

        // A busy machine may add that calls began late, or took long.
        var failed = own.GetProperty("failed_thresholds").EnumerateArray().Select(threshold => threshold.GetString()).ToArray();
        Assert.Contains("tally_count_difference: count==0", failed);
        Assert.Contains("tally_sum_difference: count==0", failed);
    }

    private Task<(int ExitCode, JsonElement Answer)> LoadAsync(string scenario, params string[] more) =>
        loaded.System.RunAsync(["load", scenario, "--out", _folder.In("."), .. more]);

    private Task<long> CommittedAsync() => loaded.System.CountAsync(ServiceNames.Calculator, "tally_outbox_committed_total");

    private JsonElement ReadK6() => JsonDocument.Parse(File.ReadAllText(_folder.In("k6.json"))).RootElement;

    private static (int Count, double Sum) DifferenceOf(JsonElement own) =>
        (own.GetProperty("count_difference").GetInt32(), Math.Round(own.GetProperty("sum_difference").GetDouble(), 6));

    private static long CountOf(JsonElement answer, string place) => answer.GetProperty(place).GetProperty("count").GetInt64();

    /// <summary>The system that all of them load, one after the other.</summary>
    public sealed class Loaded : IAsyncLifetime
    {
        internal WholeSystem System { get; private set; } = null!;

        public async Task InitializeAsync() => System = await WholeSystem.StartAsync(settings => settings);

        public async Task DisposeAsync() => await System.DisposeAsync();
    }
}
