using Npgsql;
using Tally.Inbox.Folding;
using Tally.Inbox.Storage;
using Tally.Inbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Storage;

/// <summary>The change of generation against folds at the same instant, in a real PostgreSQL.</summary>
[Collection(RealSystemCollection.Name)]
public sealed class AdoptStatementTests(TestEnvironment environment)
{
    private static readonly AdoptStatement<long, Number> Adopt = new("inbox", new NumberHandler());
    private static readonly ShardPosition<long> Held = new(1, 0, 1, 3, 3, 6);

    [Fact]
    public async Task A_fold_under_way_and_an_adoption_are_never_both_committed()
    {
        await using var store = await HoldingAsync();
        await using var folding = await store.Source.OpenConnectionAsync();
        await using var transaction = await folding.BeginTransactionAsync();
        await store.CommitAsync(FoldOf(4, 5, 15), folding);

        var adoption = AdoptAsync(store);
        await Eventually.TrueAsync(() => store.QueryAsync<bool>("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"), Store.Soon);
        await transaction.CommitAsync();

        Assert.True(store.Statements.IsCollision(await Assert.ThrowsAsync<PostgresException>(() => adoption.Within(Store.Soon))));
        Assert.Equal(0, await store.QueryAsync<long>("SELECT count(*) FROM inbox.adopted"));
    }

    [Fact]
    public async Task A_fold_of_the_old_generation_collides_with_an_adoption_under_way()
    {
        await using var store = await HoldingAsync();
        await using var adopting = await store.Source.OpenConnectionAsync();
        await using var transaction = await adopting.BeginTransactionAsync();
        Assert.True(await Adopt.RunAsync(adopting, Held, new(1, 1, 1), 9, CancellationToken.None));

        var fold = store.CommitAsync(FoldOf(4, 5, 15));
        await Eventually.TrueAsync(() => store.QueryAsync<bool>("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"), Store.Soon);
        await transaction.CommitAsync();

        Assert.True(store.Statements.IsCollision(await Assert.ThrowsAsync<PostgresException>(() => fold.Within(Store.Soon))));
        var (position, place) = Assert.Single((await store.ReadPositionsAsync()).Shards);
        Assert.Equal((1, 9L, 1L, 1L), (position.Generation, position.Epoch, position.Sequence, position.State));
        Assert.Equal(new AdoptedBranch<long>(1, 1, 2, 3, 2, 5), Assert.Single(position.Adopted));
        Assert.Equal(1, place.CommonEpoch);
    }

    [Fact]
    public async Task An_adoption_of_what_is_not_held_any_more_collides()
    {
        await using var store = await HoldingAsync();
        await store.CommitAsync(FoldOf(4, 5, 15));
        Assert.True(store.Statements.IsCollision(await Assert.ThrowsAsync<PostgresException>(() => AdoptAsync(store))));
    }

    [Fact]
    public async Task The_same_adoption_twice_at_once_is_done_once()
    {
        await using var store = await HoldingAsync();
        var results = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => TryAsync())).Within(Store.Soon);

        Assert.Single(results, done => done);
        Assert.Equal(1, await store.QueryAsync<long>("SELECT count(*) FROM inbox.adopted"));

        async Task<bool> TryAsync()
        {
            try
            {
                return await AdoptAsync(store);
            }
            catch (PostgresException collision) when (store.Statements.IsCollision(collision))
            {
                return false;
            }
        }
    }

    private async Task<Store> HoldingAsync()
    {
        var store = await Store.CreateAsync(environment);
        await store.CommitAsync(FoldOf(1, 3, 6));
        return store;
    }

    private static async Task<bool> AdoptAsync(Store store)
    {
        await using var connection = await store.Source.OpenConnectionAsync();
        return await Adopt.RunAsync(connection, Held, new(1, 1, 1), 9, CancellationToken.None);
    }

    private static Fold<long, Number> FoldOf(long from, long to, long state)
    {
        var fold = new Fold<long, Number>();
        fold.Rows.Add(new FoldRow<long>(new ShardPosition<long>(1, 0, 1, to, to, state), from, "numbers", 0, 10));
        return fold;
    }
}
