using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Tally.Inbox.Storage;
using Tally.Inbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Storage;

[Collection(RealSystemCollection.Name)]
public sealed class FoldCleanerTests(TestEnvironment environment)
{
    [Fact]
    public async Task The_last_folds_of_each_shard_stay()
    {
        await using var store = await CreateAsync();
        using var database = NewDatabase(store);
        using var cleaner = NewCleaner(database, keep: 10);

        Assert.Equal(980, await cleaner.CleanAsync(CancellationToken.None));

        Assert.Equal("0:491-500 1:491-500 2:1-1", await store.QueryAsync<string>(
            "SELECT string_agg(t, ' ' ORDER BY t) FROM (SELECT format('%s:%s-%s', shard, min(from_sequence), max(from_sequence)) t FROM inbox.folds GROUP BY shard) x"));
    }

    [Fact]
    public async Task The_last_generation_counts_as_the_latest()
    {
        await using var store = await CreateAsync();
        await store.ExecuteAsync("INSERT INTO inbox.folds VALUES (0, 1, 300, 310, 2, 'x', 310, 'numbers', 0, 9)");
        using var database = NewDatabase(store);
        using var cleaner = NewCleaner(database, keep: 1);

        await cleaner.CleanAsync(CancellationToken.None);

        Assert.Equal(1, await store.QueryAsync<int>("SELECT generation FROM inbox.folds WHERE shard = 0"));
    }

    [Fact]
    public async Task Only_one_instance_cleans_at_a_time()
    {
        await using var store = await CreateAsync();
        await using var other = await store.Source.OpenConnectionAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var command = other.CreateCommand())
        {
            command.CommandText = "SELECT pg_advisory_xact_lock(hashtextextended('tally.inbox.clean:inbox', 0))";
            await command.ExecuteNonQueryAsync();
        }

        using var database = NewDatabase(store);
        using var cleaner = NewCleaner(database, keep: 1);

        Assert.Equal(0, await cleaner.CleanAsync(CancellationToken.None));
    }

    private async Task<Store> CreateAsync()
    {
        var store = await Store.CreateAsync(environment);
        await store.ExecuteAsync(
            """
            INSERT INTO inbox.folds SELECT s, 0, n, n, 1, 'x', n, 'numbers', 0, n FROM generate_series(0, 2) s, generate_series(1, 500) n WHERE s < 2 OR n = 1
            """);
        return store;
    }

    private static InboxDatabase NewDatabase(Store store) => new(new InboxOptions { ConnectionString = store.ConnectionString });

    private static FoldCleaner NewCleaner(InboxDatabase database, int keep) =>
        new(database, Options.Create(new InboxOptions { KeepFolds = keep }), TimeProvider.System, NullLogger<FoldCleaner>.Instance);
}
