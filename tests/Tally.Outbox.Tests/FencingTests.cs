using Npgsql;
using Tally.Outbox.Storage;
using Tally.Outbox.Tests.Support;
using Tally.Outbox.Trimming;
using Tally.TestSupport;

namespace Tally.Outbox.Tests;

[Collection(PostgresCollection.Name)]
public sealed class FencingTests(TestEnvironment environment)
{
    [Fact]
    public async Task A_writer_that_was_superseded_stores_nothing_and_says_so()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 1);
        await host.AppendAsync("a");

        // Another instance claims the shard: lease and epoch in one transaction.
        await host.ExecuteAsync(
            """
            WITH leased AS (UPDATE outbox.leases SET owner = 'other', lease_until = clock_timestamp() + interval '1 s' RETURNING shard)
            UPDATE outbox.shards s SET epoch = epoch + 1 FROM leased WHERE s.shard = leased.shard
            """);

        var fault = await Assert.ThrowsAsync<OutboxException>(() => host.AppendAsync("b"));
        Assert.Equal(OutboxFault.Unavailable, fault.Fault);
        Assert.True(fault.NotStored);
        Assert.Equal(["a"], await host.ReadAsync(0));

        // The other one never comes back; its lease ends, and the shard is adopted with yet another epoch.
        await host.ReadyAsync();
        Assert.Equal(2, (await host.AppendAsync("c")).Sequence);
    }

    [Fact]
    public async Task A_claim_that_waits_for_a_stalled_commit_holds_up_no_other_lease()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await Stores.CreateAsync(database.ConnectionString, options => options.Shards = 2);
        await stores.Leases.TryClaimAsync(0, "one", default);
        await stores.Leases.TryClaimAsync(1, "one", default);
        await stores.ExecuteAsync("UPDATE outbox.leases SET lease_until = clock_timestamp() + interval '1 s' WHERE shard = 1");

        // The claim has its lease's row, and waits for the shard's.
        await using var connection = await stores.DataSource.OpenConnectionAsync();
        await using var claiming = await connection.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand("SELECT 1 FROM outbox.leases WHERE shard = 0 FOR UPDATE", connection, claiming);
        await hold.ExecuteNonQueryAsync();

        var view = await stores.Leases.RenewAsync("one", default);

        Assert.Equal([0, 1], view.Mine.Order());
        Assert.True(await stores.QueryAsync<bool>("SELECT lease_until > clock_timestamp() + interval '2 s' FROM outbox.leases WHERE shard = 1"));
    }

    [Fact]
    public async Task What_was_relayed_under_another_epoch_is_not_noted()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await Stores.CreateAsync(database.ConnectionString, options => options.Shards = 2);
        var first = (await stores.Leases.TryClaimAsync(0, "one", default))!;
        var second = (await stores.Leases.TryClaimAsync(1, "one", default))!;
        var progress = new ProgressStore(stores.DataSource, stores.Segments);

        await progress.WriteRelayedAsync([0, 1], [first.Epoch, second.Epoch - 1], [5, 7], default);

        var noted = await stores.QueryAsync<long[]>("SELECT array_agg(relayed ORDER BY shard) FROM outbox.progress");
        Assert.Equal([5, 0], noted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_batch_that_does_not_follow_what_a_pooler_reaches_now_is_not_stored(bool withKeys)
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await Stores.CreateAsync(database.ConnectionString, options => options.PrepareStatements = false);
        var claim = (await stores.Leases.TryClaimAsync(0, "one", default))!;
        await using var writer = await stores.OpenWriterAsync(claim);
        Assert.True(await AppendAsync(1));
        Assert.True(await AppendAsync(2));

        // As in a copy that was made between the two and put back behind a pooler: the epoch is the same, and no connection was lost.
        await stores.ExecuteAsync("DELETE FROM outbox.outbox_batches WHERE first_sequence = 2");

        Assert.False(await AppendAsync(3));
        Assert.Equal(1L, await stores.QueryAsync<long>("SELECT max(last_sequence) FROM outbox.outbox_batches"));

        async Task<bool> AppendAsync(long sequence)
        {
            var batch = new CommittedBatch(sequence, [[1]], "topic", null, claim.Epoch);
            return withKeys
                ? await writer.AppendAsync(
                    batch, new OutboxPosition(Guid.Empty, 0, claim.Epoch, 1, sequence), [2], new BatchKeys([[(byte)sequence]], [[3]], [0]), [], look: false) == KeyedOutcome.Stored
                : await writer.AppendAsync(batch, [2]);
        }
    }

    [Fact]
    public async Task Two_writers_that_start_from_the_same_position_collide()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await Stores.CreateAsync(database.ConnectionString);
        var claim = (await stores.Leases.TryClaimAsync(0, "one", default))!;
        await using var one = await stores.OpenWriterAsync(claim);
        await using var two = await stores.OpenWriterAsync(claim);
        var batch = new CommittedBatch(1, [[1]], "topic", null, Epoch: 1);

        Assert.True(await one.AppendAsync(batch, []));
        var collision = await Assert.ThrowsAsync<PostgresException>(async () => await two.AppendAsync(batch, []));

        Assert.Equal(PostgresErrorCodes.UniqueViolation, collision.SqlState);
    }

    [Fact]
    public async Task A_claim_waits_for_the_commit_under_way_and_then_sees_it()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await Stores.CreateAsync(database.ConnectionString);
        var old = (await stores.Leases.TryClaimAsync(0, "one", default))!;

        // The old writer is between its insert and its commit.
        await using var connection = await stores.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var insert = new NpgsqlCommand(
            $$"""
            INSERT INTO outbox.outbox_batches_0 (shard, first_sequence, last_sequence, epoch, state, payloads, topic)
            SELECT 0, 1, 1, {{old.Epoch}}, '', '{a}', 'topic' FROM (SELECT 1 FROM outbox.shards WHERE shard = 0 AND epoch = {{old.Epoch}} FOR SHARE) held
            """,
            connection);
        Assert.Equal(1, await insert.ExecuteNonQueryAsync());

        var claiming = stores.Leases.TryClaimAsync(0, "one", default);
        await Eventually.TrueAsync(stores.SomebodyWaitsAsync, OutboxHost.Soon);
        Assert.False(claiming.IsCompleted);
        await transaction.CommitAsync();

        Assert.Equal(1, (await claiming.WaitAsync(OutboxHost.Soon))!.LastSequence);
    }

    [Fact]
    public async Task A_claim_is_above_every_epoch_that_a_consumer_holds_as_after_a_restored_copy_with_a_clock_that_is_behind()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await Stores.CreateAsync(database.ConnectionString, options => options.Shards = 2);
        var usual = (await stores.Leases.TryClaimAsync(0, "one", default))!.Epoch;
        var consumers = new ConsumerStore(stores.DataSource, stores.Segments);
        await consumers.ConfirmAsync("totals", [new(0, usual + 3_600_000_000, 70), new(1, 3, 1)], default);
        await consumers.ConfirmAsync("other", [new(0, 5, 1)], default);

        Assert.Equal(usual + 3_600_000_001, (await stores.Leases.TryClaimAsync(0, "one", default))!.Epoch);
        Assert.Equal(usual + 3_600_000_002, (await stores.Leases.TryClaimAsync(0, "one", default))!.Epoch);
        Assert.InRange((await stores.Leases.TryClaimAsync(1, "one", default))!.Epoch, usual, usual + 3_600_000_000);
    }

    [Fact]
    public async Task A_commit_that_waits_for_a_claim_finds_itself_fenced()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await Stores.CreateAsync(database.ConnectionString);
        var old = (await stores.Leases.TryClaimAsync(0, "one", default))!;
        await using var writer = await stores.OpenWriterAsync(old);

        await using var connection = await stores.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var claim = new NpgsqlCommand("UPDATE outbox.shards SET epoch = epoch + 1 WHERE shard = 0", connection);
        await claim.ExecuteNonQueryAsync();

        var append = writer.AppendAsync(new CommittedBatch(1, [[1]], "topic", null, Epoch: 1), []).AsTask();
        await Eventually.TrueAsync(stores.SomebodyWaitsAsync, OutboxHost.Soon);
        await transaction.CommitAsync();

        Assert.False(await append.WaitAsync(OutboxHost.Soon));
    }

    [Fact]
    public async Task A_lease_keeps_others_away_until_it_ends_or_is_absurdly_far_ahead()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await Stores.CreateAsync(database.ConnectionString);
        var first = (await stores.Leases.TryClaimAsync(0, "one", default))!;

        Assert.Null(await stores.Leases.TryClaimAsync(0, "two", default));

        // Only a clock that stepped back can explain a lease that ends more than two lease times ahead.
        await stores.ExecuteAsync("UPDATE outbox.leases SET lease_until = clock_timestamp() + interval '1 hour'");
        var second = (await stores.Leases.TryClaimAsync(0, "two", default))!;
        Assert.True(second.Epoch > first.Epoch);

        await stores.ExecuteAsync("UPDATE outbox.leases SET lease_until = clock_timestamp() - interval '1 s'");
        Assert.NotNull(await stores.Leases.TryClaimAsync(0, "one", default));
    }

    [Fact]
    public async Task An_epoch_is_never_below_the_clock_so_that_a_restored_database_gives_none_out_twice()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await Stores.CreateAsync(database.ConnectionString);
        var before = await stores.QueryAsync<long>("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");

        var claim = (await stores.Leases.TryClaimAsync(0, "one", default))!;
        await stores.ExecuteAsync("UPDATE outbox.shards SET epoch = 0");
        var restored = (await stores.Leases.TryClaimAsync(0, "one", default))!;

        Assert.True(claim.Epoch >= before);
        Assert.True(restored.Epoch > claim.Epoch);
    }

    [Fact]
    public async Task A_claim_ends_a_writer_that_stalled_within_its_transaction()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await Stores.CreateAsync(database.ConnectionString, options => options.CommitTimeout = TimeSpan.FromSeconds(1));
        await using var stalled = await stores.DataSource.OpenConnectionAsync();
        await using var transaction = await stalled.BeginTransactionAsync();
        await using (var held = new NpgsqlCommand("SELECT 1 FROM outbox.shards WHERE shard = 0 FOR SHARE", stalled))
        {
            await held.ExecuteScalarAsync();
        }

        Assert.NotNull(await stores.Leases.TryClaimAsync(0, "one", default).WaitAsync(OutboxHost.Soon));
        await Assert.ThrowsAsync<PostgresException>(() => transaction.CommitAsync());
    }
}
