using Confluent.Kafka;
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
        using var prometheus = new PrometheusAnswers(system);
        await system.AddAsync(10);
        await prometheus.SeesAsync("tally_inbox_audit_differences == 0 and tally_inbox_audit_age_seconds < 30");
        await prometheus.SeesAsync("sum(tally_outbox_backlog) == 0");

        // While it started something may have been about to fire. Now nothing is, and nothing ever did.
        await prometheus.SeesAsync("absent(ALERTS)");
        Assert.Empty(await prometheus.AskAsync("last_over_time(ALERTS{alertstate='firing'}[1h])"));

        await SendGarbageAsync(system);
        await prometheus.SeesAsync(Firing("TallyQuarantineNotEmpty"));
        await system.System.StopComponentAsync("calculator-1", kill: true).Within(Patience);
        await prometheus.SeesAsync(Firing("TallyInstanceDown"));

        await system.System.StartComponentAsync("calculator-1", CancellationToken.None).Within(Patience);
        var (exitCode, listed) = await system.RunAsync("quarantine", "list");
        Assert.Equal(0, exitCode);
        var message = Assert.Single(listed.GetProperty("quarantined").EnumerateArray()).GetProperty("id");
        Assert.Equal(0, (await system.RunAsync("quarantine", "discard", $"{message}", "--why", "garbage of a test")).ExitCode);
        await prometheus.SeesAsync($"absent({Firing("TallyInstanceDown")})");
        await prometheus.SeesAsync($"absent({Firing("TallyQuarantineNotEmpty")})");
    }

    [ThoroughFact("prometheus")]
    public async Task Results_that_wait_for_Kafka_for_more_than_a_minute_are_an_alert()
    {
        await using var system = await WholeSystem.StartAsync(settings => settings with { Parts = SystemParts.All & ~SystemParts.Grafana, Postgres = null, KafkaServers = null });
        using var prometheus = new PrometheusAnswers(system);
        await system.AddAsync(10);
        await system.System.StopComponentAsync("kafka", kill: true).Within(Patience);
        await system.AddAsync(10);
        await prometheus.SeesAsync(Firing("TallyOldestRowTooOld"));

        await system.System.StartComponentAsync("kafka", CancellationToken.None).Within(Patience);
        await prometheus.SeesAsync($"absent({Firing("TallyOldestRowTooOld")})");
        await system.ProveAsync(books: null, Patience);
    }

    internal static string Firing(string alert) => $"ALERTS{{alertname='{alert}',alertstate='firing'}}";

    internal static async Task SendGarbageAsync(WholeSystem system)
    {
        var kafka = system.System.Connections.Kafka;
        Librdkafka.Load(new KafkaOptions { BootstrapServers = kafka.BootstrapServers, LibraryPath = kafka.LibraryPath });
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig { BootstrapServers = kafka.BootstrapServers }).Build();
        await producer.ProduceAsync(kafka.Topic, new Message<byte[], byte[]> { Key = [1], Value = [0xff, 0xff, 0xff] }).Within(Patience);
    }
}
