using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Chaos;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Faults;

/// <summary>Kafka loses its disk, on a real system: the outbox has it all, and Totals asks for it.</summary>
[Collection(nameof(WholeSystems))]
public sealed class LostDataTests
{
    private const string Relayed = "SELECT coalesce(sum(relayed), 0) FROM outbox.progress";
    private const string Committed = "SELECT coalesce(sum(last), 0) FROM (SELECT max(last_sequence) AS last FROM outbox.outbox_batches GROUP BY shard) shards";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [ThoroughFact]
    public async Task Kafka_loses_its_disk_under_load_and_the_total_heals_by_itself()
    {
        await using var system = await StartAsync(shards: 8);
        await using var callers = Callers.Start(system, rate: 300);
        await callers.GoOnAsync(600);

        // What is relayed while nobody reads is surely gone with the disk.
        system.System.Freeze("totals-1");
        system.System.Freeze("totals-2");
        var committed = await system.QueryOutboxAsync(Committed);
        await Eventually.TrueAsync(async () => await system.QueryOutboxAsync(Relayed) > committed + 100, Patience);
        await WipeKafkaAsync(system);
        system.System.Thaw("totals-1");
        system.System.Thaw("totals-2");
        await callers.GoOnAsync(300);
        await system.System.StartComponentAsync("kafka", CancellationToken.None).Within(Patience);
        await callers.GoOnAsync(600);

        await system.ProveAsync(await callers.EndAsync(), Patience);
        Assert.True(await system.CountAsync(ServiceNames.Totals, "tally_inbox_rewinds_total") > 0);
    }

    [KafkaFact]
    public async Task Kafka_loses_its_disk_after_a_restart_and_the_total_heals_by_itself()
    {
        await using var system = await StartAsync(shards: 8);
        await using var callers = Callers.Start(system, rate: 300);
        await callers.GoOnAsync(300);

        // A restart raises the epochs of the partitions' leaders. A wiped broker begins with the first one again, which who knew it before takes for outdated.
        await system.System.StopComponentAsync("kafka", kill: true).Within(Patience);
        await system.System.StartComponentAsync("kafka", CancellationToken.None).Within(Patience);
        await callers.GoOnAsync(300);
        var committed = await system.QueryOutboxAsync(Committed);
        await Eventually.TrueAsync(async () => (await system.StatusAsync()).Shards.Sum(shard => shard.Count) >= committed, Patience);
        await WipeKafkaAsync(system);
        await system.System.StartComponentAsync("kafka", CancellationToken.None).Within(Patience);
        await callers.GoOnAsync(600);

        await system.ProveAsync(await callers.EndAsync(), Patience);
    }

    [ThoroughFact]
    public async Task Kafka_loses_its_disk_while_all_is_idle_and_a_Calculator_that_starts_afterwards_shares_partitions_with_one_from_before()
    {
        // Two shards a partition, so that a producer from before and one from after meet in each: the new broker gives numbers out anew.
        await using var system = await StartAsync(shards: 16);
        var books = await Callers.AddAsync(system, 2_000, Patience);
        await system.ProveAsync(books, Patience);
        await system.System.StopComponentAsync("totals-1");
        await system.System.StopComponentAsync("totals-2");
        books += await Callers.AddAsync(system, 2_000, Patience);
        await Eventually.TrueAsync(async () => await system.QueryOutboxAsync(Relayed) == await system.QueryOutboxAsync(Committed), Patience);
        await system.System.StopComponentAsync("calculator-2", kill: true);

        await WipeKafkaAsync(system);
        await system.System.StartComponentAsync("kafka", CancellationToken.None).Within(Patience);
        await system.System.StartComponentAsync("calculator-2", CancellationToken.None).Within(Patience);
        await Eventually.TrueAsync(
            async () => await system.QueryOutboxAsync("SELECT count(DISTINCT owner) FROM outbox.leases WHERE lease_until > clock_timestamp()") == 2, Patience);
        books += await Callers.AddAsync(system, 2_000, Patience);
        await system.System.StartComponentAsync("totals-1", CancellationToken.None).Within(Patience);
        await system.System.StartComponentAsync("totals-2", CancellationToken.None).Within(Patience);

        // Nothing more is added: Totals finds out by comparing.
        await system.ProveAsync(books, Patience);
        Assert.True(await system.CountAsync(ServiceNames.Totals, "tally_inbox_rewinds_total") > 0);
        books += await Callers.AddAsync(system, 2_000, Patience);
        await system.ProveAsync(books, Patience);
    }

    private static Task<WholeSystem> StartAsync(int shards) => WholeSystem.StartAsync(settings => settings with
    {
        Calculators = 2,
        Totals = 2,
        ServiceSettings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Totals:History"] = "table", ["Outbox:Shards"] = $"{shards}" },
    });

    /// <summary>Kills it, and empties its folder of logs.</summary>
    internal static async Task WipeKafkaAsync(WholeSystem system)
    {
        await system.System.StopComponentAsync("kafka", kill: true).Within(Patience);
        var data = new DirectoryInfo(Path.Combine(system.Folder, "kafka", "data"));
        Assert.NotEmpty(data.GetDirectories("sums-*"));
        data.Delete(recursive: true);
    }
}
