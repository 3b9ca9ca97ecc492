using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Chaos;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Faults;

/// <summary>A database is put back to an older copy, on a real system.</summary>
[Collection(nameof(WholeSystems))]
public sealed class RestoredCopyTests
{
    private const int Shards = 4;

    // The Calculator says that its database went back in time, and Totals that a shard forked.
    private static readonly int[] HistoryLost = [306, 3022];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [ThoroughFact]
    public async Task Totals_database_is_put_back_under_load_and_then_with_an_empty_Kafka_and_the_total_heals_by_itself()
    {
        await using var system = await StartAsync();
        await using var callers = Callers.Start(system, rate: 300);
        await callers.GoOnAsync(300);
        var copy = await system.CopyAsync(system.System.Connections.Totals);
        await callers.GoOnAsync(900);
        await copy.PutBackAsync();
        await callers.GoOnAsync(300);
        var books = await callers.EndAsync();
        await system.ProveAsync(books, Patience);

        copy = await system.CopyAsync(system.System.Connections.Totals);
        books += await Callers.AddAsync(system, 1_000, Patience);
        await system.ProveAsync(books, Patience);
        await copy.PutBackAsync();
        await LostDataTests.WipeKafkaAsync(system);
        await system.System.StartComponentAsync("kafka", CancellationToken.None).Within(Patience);

        await system.ProveAsync(books, Patience);
        Assert.True(await system.CountAsync(ServiceNames.Totals, "tally_inbox_rewinds_total") > 0);
    }

    [KafkaFact]
    public async Task The_Calculators_database_is_put_back_under_it_to_before_several_claims_and_only_shards_that_went_on_meanwhile_fork()
    {
        await using var system = await StartAsync();
        system.ExpectedErrors = HistoryLost;
        await AddToAllShardsAsync(system);
        var copy = await system.CopyAsync(system.System.Connections.Calculator);
        var lost = await AddInSeveralClaimsAsync(system);
        await system.ProveAsync(books: null, Patience);

        await copy.PutBackAsync();
        var last = await AddToAllShardsAsync(system);
        await AssertOnlyTheseForkAsync(system, lost, last);
        await AdoptAsync(system, lost);
    }

    [ThoroughFact]
    public async Task Totals_that_is_behind_the_copy_meets_the_lost_history_in_Kafka_and_it_is_adopted()
    {
        await using var system = await StartAsync();
        system.ExpectedErrors = HistoryLost;
        await AddToAllShardsAsync(system);
        await system.ProveAsync(books: null, Patience);
        await StopTotalsAsync(system);
        await AddToAllShardsAsync(system);
        var copy = await system.CopyAsync(system.System.Connections.Calculator);
        var lost = await AddInSeveralClaimsAsync(system);

        await PutBackAsync(system, copy);
        var last = await AddToAllShardsAsync(system);
        await StartTotalsAsync(system);
        await AssertOnlyTheseForkAsync(system, lost, last);
        await AdoptAsync(system, lost);
    }

    [ThoroughFact]
    public async Task What_was_lost_before_Kafka_or_Totals_saw_it_leaves_nothing_to_adopt_and_the_new_history_is_counted()
    {
        await using var system = await StartAsync();
        system.ExpectedErrors = HistoryLost;
        await AddToAllShardsAsync(system);
        await system.ProveAsync(books: null, Patience);
        await StopTotalsAsync(system);
        await AddToAllShardsAsync(system);
        var copy = await system.CopyAsync(system.System.Connections.Calculator);
        await system.System.StopComponentAsync("kafka");
        await AddInSeveralClaimsAsync(system);

        await PutBackAsync(system, copy, kill: true);
        await system.System.StartComponentAsync("kafka", CancellationToken.None).Within(Patience);
        await AddToAllShardsAsync(system);
        await StartTotalsAsync(system);

        var evidence = await system.ProveAsync(books: null, Patience);
        Assert.Equal(default, evidence.Adopted);
        Assert.Equal(1, (await system.RunAsync("fork", "adopt", "--shard", "0")).ExitCode);
    }

    private static Task<WholeSystem> StartAsync() => WholeSystem.StartAsync(settings => settings with
    {
        Totals = 2,
        ServiceSettings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Totals:History"] = "table", ["Outbox:Shards"] = $"{Shards}" },
    });

    /// <summary>Another shard is the first choice every second.</summary>
    /// <returns>The last result of each shard.</returns>
    private static async Task<Dictionary<int, long>> AddToAllShardsAsync(WholeSystem system)
    {
        var last = new Dictionary<int, long>();
        await Eventually.TrueAsync(
            async () =>
            {
                foreach (var position in await system.AddAsync(5))
                {
                    last[position.Shard] = position.Sequence;
                }

                return last.Count == Shards;
            },
            Patience);
        return last;
    }

    /// <summary>The Calculator is killed and started again, and each time adds a little.</summary>
    /// <returns>How many results each shard got that got any.</returns>
    private static async Task<Dictionary<int, int>> AddInSeveralClaimsAsync(WholeSystem system)
    {
        var added = new Dictionary<int, int>();
        var before = await system.QueryOutboxAsync("SELECT max(epoch) FROM outbox.shards");
        for (var claim = 0; claim < 3; claim++)
        {
            await system.System.StopComponentAsync("calculator-1", kill: true).Within(Patience);
            await system.System.StartComponentAsync("calculator-1", CancellationToken.None).Within(Patience);
            foreach (var position in await system.AddAsync(2))
            {
                added[position.Shard] = added.GetValueOrDefault(position.Shard) + 1;
            }
        }

        Assert.True(await system.QueryOutboxAsync("SELECT min(epoch) FROM outbox.shards") > before);
        return added;
    }

    private static async Task PutBackAsync(WholeSystem system, DatabaseCopy copy, bool kill = false)
    {
        // One that is stopped cleanly publishes what it can.
        await system.System.StopComponentAsync("calculator-1", kill).Within(Patience);
        await copy.PutBackAsync();
        await system.System.StartComponentAsync("calculator-1", CancellationToken.None).Within(Patience);
    }

    private static async Task StopTotalsAsync(WholeSystem system)
    {
        await system.System.StopComponentAsync("totals-1").Within(Patience);
        await system.System.StopComponentAsync("totals-2").Within(Patience);
    }

    private static async Task StartTotalsAsync(WholeSystem system)
    {
        await system.System.StartComponentAsync("totals-1", CancellationToken.None).Within(Patience);
        await system.System.StartComponentAsync("totals-2", CancellationToken.None).Within(Patience);
    }

    private static async Task AssertOnlyTheseForkAsync(WholeSystem system, Dictionary<int, int> forked, Dictionary<int, long> last)
    {
        Assert.InRange(forked.Count, 1, Shards - 1);
        await Eventually.TrueAsync(
            async () => (await system.StatusAsync()).Shards.All(shard => forked.ContainsKey(shard.Shard)
                ? shard.State == "fork"
                : shard.State == "ok" && shard.Sequence == last[shard.Shard]),
            Patience);
    }

    private static async Task AdoptAsync(WholeSystem system, Dictionary<int, int> lost)
    {
        foreach (var shard in lost.Keys)
        {
            var (code, answer) = await system.RunAsync("fork", "adopt", "--shard", $"{shard}");
            Assert.True(code == 0, answer.GetRawText());
            Assert.Equal(lost[shard], answer.GetProperty("adopted").GetProperty("count").GetInt64());
        }

        var evidence = await system.ProveAsync(books: null, Patience);
        Assert.Equal(lost.Values.Sum(), evidence.Adopted.Count);
        Assert.Contains("adopted", await system.ReadAsync("verify"), StringComparison.Ordinal);
    }
}
