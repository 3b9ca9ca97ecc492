using Npgsql;
using Tally.Inbox.Folding;
using Tally.Inbox.Storage;
using Tally.Inbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Storage;

/// <summary>The table of folds as compare-and-set, in a real PostgreSQL.</summary>
[Collection(RealSystemCollection.Name)]
public sealed class FoldStatementsTests(TestEnvironment environment)
{
    [Fact]
    public async Task The_last_fold_of_each_shard_is_its_position()
    {
        await using var store = await Store.CreateAsync(environment);
        await store.CommitAsync(FoldOf(Row(1, 1, 3, 6), Row(4, 1, 1, 9)));
        await store.CommitAsync(FoldOf(Row(1, 4, 10, 55, nextOffset: 77)));

        var stored = await store.ReadPositionsAsync();

        Assert.Equal([1, 4], stored.Shards.Select(shard => shard.Position.Shard));
        Assert.Equal(new ShardPosition<long>(1, 0, 1, 10, 10, 55), stored.Shards[0].Position);
        Assert.Equal(new StoredPlace("numbers", 0, 77), stored.Shards[0].Place);
        Assert.Equal(9, stored.Shards[1].Position.State);
    }

    [Fact]
    public async Task Two_that_start_from_the_same_position_collide()
    {
        await using var store = await Store.CreateAsync(environment);
        await store.CommitAsync(FoldOf(Row(1, 1, 3, 6)));
        await using var first = await store.Source.OpenConnectionAsync();
        await using var transaction = await first.BeginTransactionAsync();
        await store.CommitAsync(FoldOf(Row(1, 4, 10, 55)), first);

        // The second one waits for the first one's end, and then knows.
        var second = store.CommitAsync(FoldOf(Row(1, 4, 5, 15)));
        await Eventually.TrueAsync(() => store.QueryAsync<bool>("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"), Store.Soon);
        await transaction.CommitAsync();

        var failure = await Assert.ThrowsAsync<PostgresException>(() => second.Within(Store.Soon));
        Assert.Equal(PostgresErrorCodes.UniqueViolation, failure.SqlState);
        Assert.True(store.Statements.IsCollision(failure));
        Assert.Equal(10, Assert.Single((await store.ReadPositionsAsync()).Shards).Position.Sequence);
    }

    [Fact]
    public async Task One_that_slept_while_its_rows_were_removed_collides_too()
    {
        await using var store = await Store.CreateAsync(environment);
        await store.CommitAsync(FoldOf(Row(1, 1, 3, 6)));
        await store.CommitAsync(FoldOf(Row(1, 4, 5, 15)));
        await store.CommitAsync(FoldOf(Row(1, 6, 7, 28)));
        await store.ExecuteAsync("DELETE FROM inbox.folds WHERE from_sequence < 6");

        var failure = await Assert.ThrowsAsync<PostgresException>(() => store.CommitAsync(FoldOf(Row(1, 4, 8, 36))));

        Assert.Equal(PostgresErrorCodes.NotNullViolation, failure.SqlState);
        Assert.True(store.Statements.IsCollision(failure));
    }

    [Fact]
    public async Task One_that_is_ahead_of_a_restored_database_collides()
    {
        await using var store = await Store.CreateAsync(environment);
        await store.CommitAsync(FoldOf(Row(1, 1, 3, 6)));

        var failure = await Assert.ThrowsAsync<PostgresException>(() => store.CommitAsync(FoldOf(Row(1, 9, 10, 55))));

        Assert.True(store.Statements.IsCollision(failure));
    }

    [Fact]
    public async Task One_of_an_older_generation_collides()
    {
        await using var store = await Store.CreateAsync(environment);
        await store.CommitAsync(FoldOf(Row(1, 1, 3, 6)));
        await store.ExecuteAsync("INSERT INTO inbox.folds SELECT shard, 1, 2, 3, 9, state, count, topic, partition, next_offset FROM inbox.folds");

        var failure = await Assert.ThrowsAsync<PostgresException>(() => store.CommitAsync(FoldOf(Row(1, 4, 4, 10))));

        Assert.True(store.Statements.IsCollision(failure));
        Assert.Equal(1, Assert.Single((await store.ReadPositionsAsync()).Shards).Position.Generation);
    }

    [Fact]
    public async Task A_collision_undoes_all_of_its_fold()
    {
        await using var store = await Store.CreateAsync(environment);
        await store.CommitAsync(FoldOf(Row(2, 1, 3, 6)));
        var fold = FoldOf(Row(1, 1, 1, 1), Row(2, 1, 2, 3));
        fold.Poison.Add(new PoisonRow(new("numbers", 0, 5, [1], [2]), "bad"));

        await Assert.ThrowsAsync<PostgresException>(() => store.CommitAsync(fold));

        Assert.Equal(1, await store.QueryAsync<long>("SELECT count(*) FROM inbox.folds"));
        Assert.Equal(0, await store.QueryAsync<long>("SELECT count(*) FROM inbox.quarantine"));
    }

    [Fact]
    public async Task Two_sources_collide()
    {
        await using var store = await Store.CreateAsync(environment);
        await store.CommitAsync(new Fold<long, Number> { NewSource = Number.System1, Rows = { Row(1, 1, 1, 1) } });

        var failure = await Assert.ThrowsAsync<PostgresException>(
            () => store.CommitAsync(new Fold<long, Number> { NewSource = Guid.NewGuid(), Rows = { Row(2, 1, 1, 1) } }));

        Assert.True(store.Statements.IsCollision(failure));
        Assert.Equal(Number.System1, (await store.ReadPositionsAsync()).Source);
    }

    [Fact]
    public async Task The_same_poison_is_kept_once()
    {
        await using var store = await Store.CreateAsync(environment);
        var fold = new Fold<long, Number>();
        fold.Poison.Add(new PoisonRow(new("numbers", 0, 5, [1], [2]), "bad"));
        fold.Poison.Add(new PoisonRow(new("numbers", 0, 6, [1], [2]), "bad"));
        await store.CommitAsync(fold);
        await store.CommitAsync(fold);

        Assert.Equal(2, await store.QueryAsync<long>("SELECT count(*) FROM inbox.quarantine"));
        Assert.Equal([2], await store.QueryAsync<byte[]>("SELECT value FROM inbox.quarantine WHERE \"offset\" = 6"));
    }

    [Fact]
    public async Task Any_other_failure_is_no_collision()
    {
        await using var store = await Store.CreateAsync(environment);
        await store.ExecuteAsync("ALTER TABLE inbox.folds ADD CONSTRAINT small CHECK (count < 5)");

        var failure = await Assert.ThrowsAsync<PostgresException>(() => store.CommitAsync(FoldOf(Row(1, 1, 10, 55))));

        Assert.False(store.Statements.IsCollision(failure));
    }

    private static Fold<long, Number> FoldOf(params FoldRow<long>[] rows)
    {
        var fold = new Fold<long, Number>();
        fold.Rows.AddRange(rows);
        return fold;
    }

    private static FoldRow<long> Row(int shard, long from, long to, long state, long nextOffset = 10) =>
        new(new ShardPosition<long>(shard, 0, 1, to, to, state), from, "numbers", 0, nextOffset);
}
