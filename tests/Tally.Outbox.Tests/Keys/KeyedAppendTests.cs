using System.Text;
using Npgsql;
using NpgsqlTypes;
using Tally.Outbox.Storage;
using Tally.Outbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Outbox.Tests.Keys;

/// <summary>The function that stores a batch with keys, called by several sessions at the instants that matter.</summary>
[Collection(PostgresCollection.Name)]
public sealed class KeyedAppendTests(TestEnvironment environment)
{
    [Fact]
    public async Task A_key_that_one_shard_stored_is_found_by_another_with_all_of_its_position()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await CreateAsync(database);
        await using var one = await Session.ClaimAsync(stores, 0);
        await using var two = await Session.ClaimAsync(stores, 1);

        Assert.Equal(KeyedOutcome.Stored, await one.AppendAsync("x", "key", "y"));
        Assert.Equal(KeyedOutcome.Known, await two.AppendAsync("a", "b", "key"));

        var known = Assert.Single(two.Known);
        Assert.Equal(2, known.Place);
        Assert.Equal("asked for key", Encoding.UTF8.GetString(known.Fingerprint));
        Assert.Equal(one.First with { Sequence = 2 }, known.Position);
        Assert.Equal((3, 3), await CountAsync(stores));
    }

    [Fact]
    public async Task One_that_does_not_look_for_a_known_key_runs_into_it_and_stores_nothing()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await CreateAsync(database);
        await using var one = await Session.ClaimAsync(stores, 0, looks: false);
        await using var two = await Session.ClaimAsync(stores, 1, looks: false);

        Assert.Equal(KeyedOutcome.Stored, await one.AppendAsync("key"));

        Assert.Equal(KeyedOutcome.Overtaken, await two.AppendAsync("a", "key"));
        Assert.Equal((1, 1), await CountAsync(stores));
        Assert.Equal(KeyedOutcome.Stored, await two.AppendAsync("a"));
    }

    [Fact]
    public async Task A_writer_that_was_superseded_stores_neither_results_nor_keys()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await CreateAsync(database);
        await using var old = await Session.ClaimAsync(stores, 0);
        await using var owner = await Session.ClaimAsync(stores, 0);

        Assert.Equal(KeyedOutcome.Fenced, await old.AppendAsync("key"));
        Assert.Equal((0, 0), await CountAsync(stores));
        Assert.Equal(KeyedOutcome.Stored, await owner.AppendAsync("key"));
    }

    [Fact]
    public async Task Of_two_with_a_key_at_the_same_instant_the_second_waits_and_then_finds_it()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await CreateAsync(database);
        await using var one = await Session.ClaimAsync(stores, 0);
        await using var two = await Session.ClaimAsync(stores, 1);
        await using var open = await OpenTransaction.CallAsync(stores, one.First, "key", "other");

        var second = two.AppendAsync("mine", "key");
        await Eventually.TrueAsync(stores.SomebodyWaitsAsync, OutboxHost.Soon);
        Assert.False(second.IsCompleted);
        await open.Transaction.CommitAsync();

        Assert.Equal(KeyedOutcome.Overtaken, await second.WaitAsync(OutboxHost.Soon));
        Assert.Equal((2, 2), await CountAsync(stores));
        Assert.Equal(KeyedOutcome.Known, await two.AppendAsync("mine", "key"));
        Assert.Equal(one.First, Assert.Single(two.Known).Position);
    }

    [Fact]
    public async Task Of_two_with_a_key_at_the_same_instant_the_second_stores_when_the_first_fails()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await CreateAsync(database);
        await using var one = await Session.ClaimAsync(stores, 0);
        await using var two = await Session.ClaimAsync(stores, 1);
        await using var open = await OpenTransaction.CallAsync(stores, one.First, "key");

        var second = two.AppendAsync("key");
        await Eventually.TrueAsync(stores.SomebodyWaitsAsync, OutboxHost.Soon);
        await open.Transaction.RollbackAsync();

        Assert.Equal(KeyedOutcome.Stored, await second.WaitAsync(OutboxHost.Soon));
        Assert.Equal((1, 1), await CountAsync(stores));
    }

    [Fact]
    public async Task Batches_with_crossed_keys_do_not_wait_for_each_other()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await CreateAsync(database);
        await using var one = await Session.ClaimAsync(stores, 0);
        await using var two = await Session.ClaimAsync(stores, 1);
        await using var three = await Session.ClaimAsync(stores, 2);

        // Both come as far as b. Did each take its keys as they come, one would hold c then and the other a, and each want the other's.
        await using var open = await OpenTransaction.CallAsync(stores, three.First, "b");
        var first = one.AppendAsync("c", "b", "a");
        await Eventually.TrueAsync(async () => await WaitersAsync(stores) == 1, OutboxHost.Soon);
        var second = two.AppendAsync("a", "b", "c");
        await Eventually.TrueAsync(async () => await WaitersAsync(stores) == 2, OutboxHost.Soon);
        await open.Transaction.RollbackAsync();

        Assert.Equal(KeyedOutcome.Stored, await first.WaitAsync(OutboxHost.Soon));
        Assert.Equal(KeyedOutcome.Overtaken, await second.WaitAsync(OutboxHost.Soon));
        Assert.Equal((3, 3), await CountAsync(stores));
    }

    [Fact]
    public async Task A_claim_waits_for_a_commit_with_keys_under_way_and_then_sees_it()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await CreateAsync(database);
        await using var old = await Session.ClaimAsync(stores, 0);
        await using var open = await OpenTransaction.CallAsync(stores, old.First, "key");

        var claiming = stores.Leases.TryClaimAsync(0, "one", default);
        await Eventually.TrueAsync(stores.SomebodyWaitsAsync, OutboxHost.Soon);
        await open.Transaction.CommitAsync();

        Assert.Equal(1, (await claiming.WaitAsync(OutboxHost.Soon))!.LastSequence);
    }

    [Fact]
    public async Task The_turn_does_not_change_while_a_batch_with_keys_is_under_way()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await CreateAsync(database);
        await using var one = await Session.ClaimAsync(stores, 0);
        await using var open = await OpenTransaction.CallAsync(stores, one.First, "key");
        await stores.ExecuteAsync("UPDATE outbox.key_turn SET since = clock_timestamp() - interval '25 hours'");

        // It waits for the batch, as long as it may. Were it the table alone that is held, it would say so at once.
        var put = await Assert.ThrowsAsync<PostgresException>(() => stores.Keys.ChangeTurnAsync(default));
        Assert.Equal((PostgresErrorCodes.LockNotAvailable, "canceling statement due to lock timeout"), (put.SqlState, put.MessageText));

        await open.Transaction.CommitAsync();
        Assert.True(await stores.Keys.ChangeTurnAsync(default));
        Assert.Equal(KeyedOutcome.Known, await one.AppendAsync("key"));
    }

    [Fact]
    public async Task A_batch_of_ten_thousand_keys_needs_no_lock_a_key()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await CreateAsync(database);
        await using var one = await Session.ClaimAsync(stores, 0);
        var keys = Enumerable.Range(0, 10_000).Select(i => $"key {i}").ToArray();
        await using var open = await OpenTransaction.CallAsync(stores, one.First, keys);

        Assert.True(await stores.QueryAsync<long>("SELECT count(*) FROM pg_locks") < 100);
        await open.Transaction.CommitAsync();
        Assert.Equal((10_000, 10_000), await CountAsync(stores));
    }

    private static Task<Stores> CreateAsync(TestDatabase database) => Stores.CreateAsync(database.ConnectionString, options => options.Shards = 3);

    private static Task<long> WaitersAsync(Stores stores) => stores.QueryAsync<long>("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted");

    private static async Task<(long Results, long Keys)> CountAsync(Stores stores) => (
        await stores.QueryAsync<long>("SELECT count(*) FROM outbox.outbox"),
        await stores.QueryAsync<long>("SELECT (SELECT count(*) FROM outbox.keys_0) + (SELECT count(*) FROM outbox.keys_1)"));

    /// <summary>A call of the function whose transaction stays open.</summary>
    private sealed class OpenTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction) : IAsyncDisposable
    {
        public NpgsqlTransaction Transaction => transaction;

        public static async Task<OpenTransaction> CallAsync(Stores stores, OutboxPosition first, params string[] keys)
        {
            var connection = await stores.DataSource.OpenConnectionAsync();
            var open = new OpenTransaction(connection, await connection.BeginTransactionAsync());
            await using var call = new NpgsqlCommand(
                "SELECT place FROM outbox.append_with_keys($1, $2, 1, 1, $3, '', $4, 'topic', NULL, $5, $5, $6, false)", connection);
            call.Parameters.Add(new() { Value = first.Shard });
            call.Parameters.Add(new() { Value = first.Epoch });
            call.Parameters.Add(new() { Value = (long)keys.Length });
            call.Parameters.Add(new() { Value = keys.Select(_ => new byte[] { 1 }).ToArray() });
            call.Parameters.Add(new() { Value = keys.Select(Encoding.UTF8.GetBytes).ToArray() });
            call.Parameters.Add(new() { Value = Enumerable.Range(0, keys.Length).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer });
            Assert.Equal(-1, await call.ExecuteScalarAsync());
            return open;
        }

        public async ValueTask DisposeAsync()
        {
            await transaction.DisposeAsync();
            await connection.DisposeAsync();
        }
    }

    /// <summary>A writer of a shard.</summary>
    private sealed class Session(WriterConnection writer, OutboxPosition first) : IAsyncDisposable
    {
        public OutboxPosition First => first;

        public bool Looks { get; init; } = true;

        public List<KnownKey> Known { get; } = [];

        public static async Task<Session> ClaimAsync(Stores stores, int shard, bool looks = true)
        {
            var claim = (await stores.Leases.TryClaimAsync(shard, "one", default))!;
            return new Session(
                await stores.OpenWriterAsync(claim),
                new OutboxPosition(Guid.Empty, shard, claim.Epoch, claim.LastSequence + 1, claim.LastSequence + 1))
            {
                Looks = looks,
            };
        }

        public Task<KeyedOutcome> AppendAsync(params string[] keys)
        {
            Known.Clear();
            return writer.AppendAsync(
                new CommittedBatch(first.Sequence, [.. keys.Select(Encoding.UTF8.GetBytes)], "topic", null, first.Epoch),
                first,
                [],
                new BatchKeys(
                    [.. keys.Select(Encoding.UTF8.GetBytes)],
                    [.. keys.Select(key => Encoding.UTF8.GetBytes($"asked for {key}"))],
                    [.. Enumerable.Range(0, keys.Length)]),
                Known,
                Looks).AsTask();
        }

        public ValueTask DisposeAsync() => writer.DisposeAsync();
    }
}
