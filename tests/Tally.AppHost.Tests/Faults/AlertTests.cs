using System.Text.Json;
using Confluent.Kafka;
using Tally.AppHost.Commands;
using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Chaos;
using Tally.AppHost.Tests.Support;
using Tally.Kafka;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Faults;

/// <summary>The real thing happens, and a real Prometheus with the rules that are shipped says so; when it's over, that ends.</summary>
[Collection(nameof(WholeSystems))]
public sealed class AlertTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [KafkaFact("prometheus")]
    public async Task A_healthy_system_has_no_alert_and_garbage_and_a_dead_instance_are_two()
    {
        await using var system = await WholeSystem.StartAsync(settings => settings with { Parts = SystemParts.All & ~SystemParts.Grafana });
        await system.AddAsync(10);
        await SeesAsync(system, "tally_inbox_audit_differences == 0 and tally_inbox_audit_age_seconds < 30");
        await SeesAsync(system, "sum(tally_outbox_backlog) == 0");

        // But for lateness: of the first ten results, a busy machine may have kept two waiting for a second.
        Assert.Empty(await AskAsync(system, "ALERTS{alertstate='firing',alertname!='TallyLatencyBurn'}"));

        await SendGarbageAsync(system);
        await SeesAsync(system, Firing("TallyQuarantineNotEmpty"));
        await system.System.StopComponentAsync("calculator-1", kill: true).Within(Patience);
        await SeesAsync(system, Firing("TallyInstanceDown"));

        await system.System.StartComponentAsync("calculator-1", CancellationToken.None).Within(Patience);
        var (exitCode, listed) = await system.RunAsync("quarantine", "list");
        Assert.Equal(0, exitCode);
        var message = Assert.Single(listed.GetProperty("quarantined").EnumerateArray()).GetProperty("id");
        Assert.Equal(0, (await system.RunAsync("quarantine", "discard", $"{message}", "--why", "garbage of a test")).ExitCode);
        await SeesAsync(system, $"absent({Firing("TallyInstanceDown")})");
        await SeesAsync(system, $"absent({Firing("TallyQuarantineNotEmpty")})");
    }

    [ThoroughFact("prometheus")]
    public async Task Results_that_wait_for_Kafka_for_more_than_a_minute_are_an_alert()
    {
        await using var system = await WholeSystem.StartAsync(settings => settings with { Parts = SystemParts.All & ~SystemParts.Grafana, Postgres = null, KafkaServers = null });
        await system.AddAsync(10);
        await system.System.StopComponentAsync("kafka", kill: true).Within(Patience);
        await system.AddAsync(10);
        await SeesAsync(system, Firing("TallyOldestRowTooOld"));

        await system.System.StartComponentAsync("kafka", CancellationToken.None).Within(Patience);
        await SeesAsync(system, $"absent({Firing("TallyOldestRowTooOld")})");
        await system.ProveAsync(books: null, Patience);
    }

    private static string Firing(string alert) => $"ALERTS{{alertname='{alert}',alertstate='firing'}}";

    private static async Task SendGarbageAsync(WholeSystem system)
    {
        var kafka = system.System.Connections.Kafka;
        Librdkafka.Load(new KafkaOptions { BootstrapServers = kafka.BootstrapServers, LibraryPath = kafka.LibraryPath });
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig { BootstrapServers = kafka.BootstrapServers }).Build();
        await producer.ProduceAsync(kafka.Topic, new Message<byte[], byte[]> { Key = [1], Value = [0xff, 0xff, 0xff] }).Within(Patience);
    }

    private static Task SeesAsync(WholeSystem system, string query) =>
        Eventually.TrueAsync(async () => (await AskAsync(system, query)).Count > 0, Patience);

    private static async Task<IReadOnlyList<string>> AskAsync(WholeSystem system, string query)
    {
        using var http = new HttpClient { BaseAddress = new Uri(system.System.State.Components["prometheus"].Endpoints[ComponentNames.Http]) };
        var answer = await http.GetStringAsync(new Uri($"/api/v1/query?query={Uri.EscapeDataString(query)}", UriKind.Relative));
        using var parsed = JsonDocument.Parse(answer);
        return [.. parsed.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().Select(result => result.GetRawText())];
    }
}
