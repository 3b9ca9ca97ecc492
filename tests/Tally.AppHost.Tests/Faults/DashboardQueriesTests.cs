using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Confluent.Kafka;
using Grpc.Core;
using Grpc.Net.Client;
using Tally.AppHost.Commands;
using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Chaos;
using Tally.AppHost.Tests.Support;
using Tally.Contracts.V1;
using Tally.Kafka;
using Tally.TestSupport;
using Xunit.Abstractions;

namespace Tally.AppHost.Tests.Faults;

/// <summary>
/// The dashboards without a Grafana: every query of every panel, annotation and variable is asked of a real Prometheus that has just watched a load and troubles.
/// Each must have given numbers, and none that is always 0; what can't be made here stands in a list, with the reason.
/// </summary>
[Collection(nameof(WholeSystems))]
public sealed partial class DashboardQueriesTests(ITestOutputHelper output)
{
    private const string Owners = "SELECT count(DISTINCT owner) FROM outbox.leases WHERE lease_until > clock_timestamp()";
    private const string Left = "SELECT count(*) FROM outbox.leases WHERE lease_until <= clock_timestamp()";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // As prometheus.yml scrapes.
    private static readonly TimeSpan Scrape = TimeSpan.FromSeconds(2);

    /// <summary>What may be 0 all along.</summary>
    private static readonly Dictionary<string, string> MayBeZero = new(StringComparer.Ordinal)
    {
        ["tally_inbox_audit_differences"] = "0, always: the test demands it",
        ["tally_inbox_audit_failures_total"] = "an audit has to be due while nothing answers it; StatusTests of Totals make it",
        ["tally_inbox_gaps"] = "closed within a moment, between two scrapes; TroubleTests of the inbox see it",
        ["tally_inbox_events_set_aside"] = "gone within a moment, between two scrapes",
        ["tally_inbox_shards_stopped"] = "a shard would stay stopped; ForkTests make it",
        ["tally_outbox_shards_stopped"] = "a shard would stay stopped",
        ["tally_inbox_forks_total"] = "needs an older copy of the database; ForkTests and RestoredCopyTests make it",
        ["tally_inbox_fold_collisions_total"] = "needs a rebalance at the very moment of a fold",
        ["tally_outbox_publish_failures_total"] = "whether a relay has to begin again depends on where Kafka's death meets it; RelayTests make it",
        ["tally_outbox_deliveries_failed_total"] = "the same",
        ["tally_outbox_fenced_total"] = "needs a commit that is held up for longer than a lease; StalledProcessTests make it",
        ["dotnet_thread_pool_queue_length"] = "work waits for microseconds, between two scrapes",
    };

    [KafkaFact("prometheus")]
    public async Task Every_query_of_the_dashboards_shows_what_happened()
    {
        await using var system = await WholeSystem.StartPairsAsync(settings => settings with { Parts = SystemParts.All & ~SystemParts.Grafana });

        // Garbage goes to the quarantine.
        system.ExpectedErrors = [3023];
        using var prometheus = new PrometheusAnswers(system);
        await prometheus.SeesAsync("count(up == 1) == 4");
        var from = TimeProvider.System.GetUtcNow();
        await using var load = await SteadyLoad.BeginAsync(system.System, deadline: TimeSpan.FromSeconds(2));

        await Task.WhenAll(LoadTestAsync(system), CallersFaultsAsync(system, prometheus));
        await ReplayAsync(system);
        await prometheus.SeesAsync("sum(increase(tally_inbox_events_duplicate_total[8s])) > 0");
        await AlertTests.SendGarbageAsync(system);
        await prometheus.SeesAsync("sum(increase(tally_inbox_events_quarantined_total[8s])) > 0");
        await PostgresStandsStillAsync(system, prometheus);
        await OwnersChangeAsync(system, prometheus);
        await KafkaLosesItsDiskAsync(system, prometheus);
        await prometheus.SeesAsync(AlertTests.Firing("TallyQuarantineNotEmpty"));
        await prometheus.SeesAsync("tally:adds_failed:ratio5m > 0");

        await load.EndAsync();
        await system.ProveAsync(books: null, Patience);
        var problems = await new Questions(prometheus, from, TimeProvider.System.GetUtcNow()).AskAllAsync();
        if (!K6.IsHere)
        {
            output.WriteLine("k6 isn't on the PATH: queries of its series were understood, and had nothing to show.");
        }

        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    private static async Task LoadTestAsync(WholeSystem system)
    {
        if (K6.IsHere)
        {
            var address = new Uri(system.System.AddressesOf(ServiceNames.Calculator, ComponentNames.Grpc)[0]).Authority;
            await K6.RunAsync(Path.Combine(Repository.Root, "protos"), address, PrometheusAnswers.AddressOf(system));
        }
    }

    /// <summary>What callers do wrong: numbers that are none, a key again, a key for another request.</summary>
    private static async Task CallersFaultsAsync(WholeSystem system, PrometheusAnswers prometheus)
    {
        using var channel = GrpcChannel.ForAddress(system.System.State.Components["calculator-1"].Endpoints[ComponentNames.Grpc]);
        var client = new Calculator.CalculatorClient(channel);
        var sum = new AddRequest { A = "1", B = "1", IdempotencyKey = $"{Guid.NewGuid()}" };
        await Eventually.TrueAsync(
            async () =>
            {
                await client.AddAsync(sum);
                await RefusedAsync(new AddRequest { A = "none", B = "1" });
                await RefusedAsync(new AddRequest(sum) { A = "2" });
                return (await prometheus.AskAsync("sum(rate(rpc_server_call_duration_seconds_count{rpc_response_status_code='INVALID_ARGUMENT'}[8s])) > 0")).Count > 0;
            },
            Patience);

        async Task RefusedAsync(AddRequest wrong) =>
            Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => client.AddAsync(wrong).ResponseAsync)).StatusCode);
    }

    private static async Task ReplayAsync(WholeSystem system)
    {
        var kafka = system.System.Connections.Kafka;
        Librdkafka.Load(new KafkaOptions { BootstrapServers = kafka.BootstrapServers, LibraryPath = kafka.LibraryPath });
        var messages = await Task.Run(() => ReplayedTopicTests.ReadAll(kafka.BootstrapServers, kafka.Topic)).Within(Patience);
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig { BootstrapServers = kafka.BootstrapServers }).Build();
        foreach (var (place, message) in messages.Take(100))
        {
            producer.Produce(place, message);
        }

        await Task.Run(() => producer.Flush(Patience)).Within(Patience);
    }

    /// <summary>Calls wait, and some are given up: failures that are not the callers' doing.</summary>
    private static async Task PostgresStandsStillAsync(WholeSystem system, PrometheusAnswers prometheus)
    {
        system.System.Freeze("postgres");
        try
        {
            await prometheus.SeesAsync("sum(tally_outbox_queue_length) > 0");
            await prometheus.SeesAsync("sum(rate(rpc_server_call_duration_seconds_count{rpc_response_status_code=~'DEADLINE_EXCEEDED|UNAVAILABLE'}[8s])) > 0");
        }
        finally
        {
            system.System.Thaw("postgres");
        }
    }

    /// <summary>One is killed, the other takes what it had, and gives it back.</summary>
    private static async Task OwnersChangeAsync(WholeSystem system, PrometheusAnswers prometheus)
    {
        await OwnersAsync(system, 2);
        await system.System.StopComponentAsync("calculator-2", kill: true).Within(Patience);
        await OwnersAsync(system, 1);
        await prometheus.SeesAsync("up == 0");
        await system.System.StartComponentAsync("calculator-2", CancellationToken.None).Within(Patience);
        await prometheus.SeesAsync("resets(process_uptime_seconds[1m]) > 0");
        await OwnersAsync(system, 2);
    }

    /// <summary>Waits until so many own all shards: a lease that ran out is left to nobody.</summary>
    private static Task OwnersAsync(WholeSystem system, int wanted) => Eventually.TrueAsync(
        async () => await system.QueryOutboxAsync(Owners) == wanted && await system.QueryOutboxAsync(Left) == 0, Patience, $"{wanted} owners");

    /// <summary>What was published while no Totals read is gone, and what comes meanwhile waits.</summary>
    private static async Task KafkaLosesItsDiskAsync(WholeSystem system, PrometheusAnswers prometheus)
    {
        const string Relayed = "SELECT coalesce(sum(relayed), 0) FROM outbox.progress";
        system.System.Freeze("totals-1");
        system.System.Freeze("totals-2");
        var relayed = await system.QueryOutboxAsync(Relayed);
        await Eventually.TrueAsync(async () => await system.QueryOutboxAsync(Relayed) > relayed + 400, Patience);
        await LostDataTests.WipeKafkaAsync(system);
        system.System.Thaw("totals-1");
        system.System.Thaw("totals-2");
        await prometheus.SeesAsync("max(tally_outbox_backlog_age_seconds) > 0 and max(tally:outbox_drain_seconds) > 0");
        await system.System.StartComponentAsync("kafka", CancellationToken.None).Within(Patience);
        await prometheus.SeesAsync("sum(increase(tally_inbox_rewinds_total[8s])) > 0");
        await prometheus.SeesAsync("sum(rate(tally_outbox_republished_total[8s])) > 0");
        await prometheus.SeesAsync(AlertTests.Firing("TallyKafkaLostResults"));
    }

    [GeneratedRegex(@"^label_values\((?<series>.+), (?<label>\w+)\)$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex LabelValues();

    [GeneratedRegex("(tally|rpc|k6)_[a-z0-9_]+", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Metric();

    /// <summary>What the dashboards ask, and what came back.</summary>
    private sealed class Questions(PrometheusAnswers prometheus, DateTimeOffset from, DateTimeOffset to)
    {
        private readonly List<string> _problems = [];
        private readonly List<string> _asked = [];

        /// <summary>Asks everything.</summary>
        /// <returns>What gave nothing, or only 0.</returns>
        public async Task<IReadOnlyList<string>> AskAllAsync()
        {
            var files = Directory.GetFiles(Path.Combine(Repository.Root, "deploy", "grafana", "dashboards"), "*.json");
            Assert.NotEmpty(files);
            foreach (var file in files.Order(StringComparer.Ordinal))
            {
                using var dashboard = JsonDocument.Parse(await File.ReadAllTextAsync(file));
                await AskAsync(dashboard.RootElement);
            }

            _problems.AddRange(MayBeZero.Keys.Where(name => !_asked.Exists(query => query.Contains(name, StringComparison.Ordinal)))
                .Select(name => $"{name} is excused, and nobody asks for it"));
            return _problems;
        }

        private async Task AskAsync(JsonElement dashboard)
        {
            var title = dashboard.GetProperty("title").GetString();
            var variables = await VariablesAsync($"{title}, variable", dashboard.GetProperty("templating").GetProperty("list"));
            var annotations = dashboard.GetProperty("annotations").GetProperty("list").EnumerateArray()
                .Select(annotation => ($"{title}, annotation {annotation.GetProperty("name")}", annotation.GetProperty("target").GetProperty("expr").GetString()!));
            var panels = dashboard.GetProperty("panels").EnumerateArray()
                .Where(panel => panel.TryGetProperty("targets", out _))
                .SelectMany(panel => panel.GetProperty("targets").EnumerateArray()
                    .Select(target => ($"{title}, {panel.GetProperty("title")}", target.GetProperty("expr").GetString()!)));
            foreach (var (where, query) in annotations.Concat(panels))
            {
                await AskAsync(where, query, variables.Aggregate(query, (text, variable) => text.Replace("$" + variable.Key, variable.Value, StringComparison.Ordinal)));
            }
        }

        private async Task AskAsync(string where, string query, string filledIn)
        {
            Assert.False(filledIn.Contains('$', StringComparison.Ordinal), $"{where}: {filledIn}");
            _asked.Add(query);
            // Finer than it is scraped: what happened once is in few of the ranges that a rate looks at.
            var values = await prometheus.RangeAsync(filledIn, from, to, Scrape / 8);
            if (query.Contains("k6_", StringComparison.Ordinal) && !K6.IsHere)
            {
                return;
            }

            if (values.All(double.IsNaN))
            {
                await ReportAsync([], "gives nothing");
            }
            else if (values.All(value => value is 0 or double.NaN))
            {
                await ReportAsync(MayBeZero.Keys, "is 0 all along");
            }
            else if (query.Contains("tally_inbox_audit_differences", StringComparison.Ordinal))
            {
                _problems.Add($"{where}: differs");
            }

            async Task ReportAsync(IEnumerable<string> excused, string what)
            {
                if (!excused.Any(name => query.Contains(name, StringComparison.Ordinal)))
                {
                    // What there is of it at all says whether the query or the story is at fault.
                    var raw = Metric().Match(query) is { Success: true } metric
                        ? string.Join(" ", await prometheus.AskAsync($"sum by (instance) (last_over_time({metric.Value}[15m]))"))
                        : "";
                    _problems.Add($"{where}: {what}: {filledIn}; {raw}");
                }
            }
        }

        /// <summary>All values of each variable, as Grafana writes many in a query; and what it knows by itself.</summary>
        private async Task<Dictionary<string, string>> VariablesAsync(string where, JsonElement list)
        {
            var variables = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                // As where a day is shown, say: on a machine that is busy some scrapes come late, and four of them may hold one sample.
                ["__rate_interval"] = $"{(10 * Scrape).TotalSeconds}s",
                ["__range"] = string.Create(CultureInfo.InvariantCulture, $"{(long)(to - from).TotalSeconds}s"),
            };
            foreach (var variable in list.EnumerateArray().Where(variable => variable.GetProperty("type").GetString() == "query"))
            {
                var name = variable.GetProperty("name").GetString()!;
                var match = LabelValues().Match(variable.GetProperty("query").GetProperty("query").GetString()!);
                var values = await prometheus.ValuesAsync(match.Groups["label"].Value, match.Groups["series"].Value, from, to);
                if (values.Count == 0 && (name != "test" || K6.IsHere))
                {
                    _problems.Add($"{where} {name}: has no values");
                }

                variables[name] = values.Count == 0
                    ? variable.GetProperty("allValue").GetString()!
                    : $"({string.Join('|', values.Select(value => Regex.Escape(value).Replace("\\", "\\\\", StringComparison.Ordinal)))})";
            }

            return variables;
        }
    }
}
