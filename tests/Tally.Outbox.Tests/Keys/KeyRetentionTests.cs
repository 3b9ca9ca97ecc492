using Npgsql;
using Tally.Outbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Outbox.Tests.Keys;

/// <summary>Keys are forgotten a table at a time, never before their time, and without holding anybody up.</summary>
[Collection(PostgresCollection.Name)]
public sealed class KeyRetentionTests(TestEnvironment environment)
{
    [Fact]
    public async Task A_key_outlives_the_first_change_of_turns_and_is_gone_after_the_second()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString);
        await using var stores = await Stores.CreateAsync(database.ConnectionString, options => options.Shards = 2);
        var first = await host.AppendWithKeyAsync("key");

        await ChangeTurnAsync(stores);
        Assert.Equal(first, await host.AppendWithKeyAsync("key"));
        var other = await host.AppendWithKeyAsync("other");
        Assert.Equal(1, await host.QueryAsync<long>("SELECT count(*) FROM outbox.keys_1"));

        await ChangeTurnAsync(stores);
        Assert.Equal(other, await host.AppendWithKeyAsync("other"));
        Assert.NotEqual(first, await host.AppendWithKeyAsync("key"));
        Assert.Equal((3, 2), await host.CountAsync());
    }

    [Fact]
    public async Task The_turn_changes_only_when_the_retention_time_is_over_and_only_once_among_instances()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await Stores.CreateAsync(database.ConnectionString);
        Assert.False(await stores.Keys.ChangeTurnAsync(default));

        await stores.ExecuteAsync("UPDATE outbox.key_turn SET since = since - interval '25 hours'");
        var changed = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => stores.Keys.ChangeTurnAsync(default)));

        Assert.Single(changed, true);
        Assert.Equal(1, await stores.QueryAsync<int>("SELECT taking_table FROM outbox.key_turn"));
    }

    [Fact]
    public async Task A_backup_that_holds_the_old_table_puts_the_change_off_and_holds_up_no_append()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString);
        await using var stores = await Stores.CreateAsync(database.ConnectionString, options => options.Shards = 2);
        await using (var connection = await stores.DataSource.OpenConnectionAsync())
        await using (var backup = await connection.BeginTransactionAsync())
        {
            await using var read = new NpgsqlCommand("SELECT count(*) FROM outbox.keys_1", connection);
            await read.ExecuteScalarAsync();

            var put = await Assert.ThrowsAsync<PostgresException>(() => ChangeTurnAsync(stores));
            Assert.Equal(PostgresErrorCodes.LockNotAvailable, put.SqlState);
            Assert.Equal(1, (await host.AppendWithKeyAsync("key")).Sequence);
        }

        await ChangeTurnAsync(stores);
        Assert.Equal(1, (await host.AppendWithKeyAsync("key")).Sequence);
    }

    [Fact]
    public async Task Turns_that_change_under_load_forget_nothing_before_its_time()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString);
        await using var stores = await Stores.CreateAsync(database.ConnectionString, options => options.Shards = 2);
        const int Keys = 3_000;
        var first = Enumerable.Range(0, Keys).Select(i => host.AppendWithKeyAsync($"key {i}")).ToArray();
        await Task.WhenAny(first);

        await ChangeTurnAsync(stores);

        var second = await Task.WhenAll(Enumerable.Range(0, Keys).Select(i => host.AppendWithKeyAsync($"key {i}")));
        Assert.Equal(await Task.WhenAll(first), second);
        Assert.Equal((Keys, Keys), await host.CountAsync());
    }

    [Fact]
    public async Task Keys_are_found_by_the_index_however_the_tables_grow()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString);
        await host.AppendWithKeyAsync("the plan is made while the tables are empty");
        foreach (var table in new[] { "keys_0", "keys_1" })
        {
            await host.ExecuteAsync(
                $"""
                INSERT INTO outbox.{table} (epoch, epoch_first_sequence, sequence, shard, key, fingerprint)
                SELECT 1, 1, i, 0, convert_to('key ' || i, 'UTF8'), '' FROM generate_series(1, 20000) i
                """);
        }

        Assert.Equal(await host.AppendWithKeyAsync("new"), await host.AppendWithKeyAsync("new"));

        // Counters of a session are made public when it ends, or after a while.
        await Eventually.TrueAsync(
            () => host.QueryAsync<bool>("SELECT sum(idx_scan) >= 2 FROM pg_stat_user_tables WHERE relname IN ('keys_0', 'keys_1')"), OutboxHost.Soon);
        Assert.Equal(0, await host.QueryAsync<decimal>("SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname IN ('keys_0', 'keys_1')"));
    }

    private static async Task ChangeTurnAsync(Stores stores)
    {
        await stores.ExecuteAsync("UPDATE outbox.key_turn SET since = clock_timestamp() - interval '25 hours'");
        Assert.True(await stores.Keys.ChangeTurnAsync(default));
    }
}
