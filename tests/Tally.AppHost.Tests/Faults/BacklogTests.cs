using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Chaos;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Faults;

/// <summary>Kafka is away while many results are stored, and has all of them afterwards: what is only on its way is not asked for again.</summary>
[Collection(nameof(WholeSystems))]
public sealed class BacklogTests
{
    [ThoroughFact]
    public Task A_backlog_of_fifteen_seconds_without_Kafka_drains_without_a_needless_rewind() =>
        DrainAsync(results: 50_000, away: TimeSpan.FromSeconds(15), patience: TimeSpan.FromMinutes(2));

    [ThoroughFact]
    public Task A_million_results_without_Kafka_for_a_minute_drain_without_a_needless_rewind() =>
        DrainAsync(results: 1_000_000, away: TimeSpan.FromSeconds(60), patience: TimeSpan.FromMinutes(8));

    private static async Task DrainAsync(int results, TimeSpan away, TimeSpan patience)
    {
        await using var system = await WholeSystem.StartAsync(settings => settings with
        {
            Calculators = 2,
            Totals = 2,

            // The memory of the relays and of their producers holds a few, so that they see the rest in the table only.
            ServiceSettings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Totals:History"] = "table",
                ["Outbox:HandOffCapacity"] = "100",
                ["Outbox:MaxInFlight"] = "1000",
            },
        });
        var books = await Callers.AddAsync(system, 1_000, patience);
        await system.ProveAsync(books, patience);

        await system.System.StopComponentAsync("kafka", kill: true).Within(patience);
        var awayLongEnough = Task.Delay(away);
        books += await Callers.AddAsync(system, results, patience);
        await awayLongEnough;
        await system.System.StartComponentAsync("kafka", CancellationToken.None).Within(patience);

        var evidence = await system.ProveAsync(books, patience);
        Assert.Equal(1_000 + results, evidence.Applied.Count);
        Assert.True(await system.CountAsync(ServiceNames.Calculator, "tally_outbox_relay_table_reads_total") > results / 2);
        Assert.Equal(0, await system.CountAsync(ServiceNames.Totals, "tally_inbox_rewinds_total"));
    }
}
