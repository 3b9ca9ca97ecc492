using Microsoft.Extensions.Options;
using Tally.Outbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Outbox.Tests;

[Collection(PostgresCollection.Name)]
public sealed class SchemaTests(TestEnvironment environment)
{
    [Fact]
    public async Task Several_instances_that_start_at_once_make_one_outbox()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var first = await Stores.CreateAsync(database.ConnectionString, options => options.Schema = "elsewhere");

        await first.ExecuteAsync("DROP SCHEMA elsewhere CASCADE");
        var identities = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => first.MigrateAsync())).WaitAsync(OutboxHost.Soon);

        Assert.Single(identities.Distinct());
    }

    [Fact]
    public async Task More_shards_can_be_asked_for_later_but_never_fewer()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var two = await Stores.CreateAsync(database.ConnectionString, options => options.Shards = 2);
        await using var four = await Stores.CreateAsync(database.ConnectionString, options => options.Shards = 4);

        Assert.NotNull(await four.Leases.TryClaimAsync(3, "one", default));
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(two.MigrateAsync);
        Assert.Equal("Outbox:Shards is '2', but the database has 4 shards already; allowed: 4 to 128.", refused.Message);
    }

    [Fact]
    public async Task A_schema_of_a_newer_program_is_left_alone()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await Stores.CreateAsync(database.ConnectionString);
        await stores.ExecuteAsync("UPDATE outbox.system SET schema_version = 99, readable_by = 98");

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(stores.MigrateAsync);

        Assert.Contains("version 99", refused.Message);
    }

    [Fact]
    public async Task A_schema_of_a_newer_program_that_says_that_this_one_may_use_it_is_used_as_it_is()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await Stores.CreateAsync(database.ConnectionString);
        await stores.ExecuteAsync("ALTER TABLE outbox.outbox_batches ADD COLUMN of_the_next_version text");
        await stores.ExecuteAsync("UPDATE outbox.system SET schema_version = schema_version + 1");
        var version = await stores.QueryAsync<int>("SELECT schema_version FROM outbox.system");

        await using (var host = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 1))
        {
            Assert.Equal(1, (await host.AppendAsync("stored beside the next version")).Sequence);
            Assert.Equal(2, (await host.AppendWhenOpenAsync("key", "and with a key")).Sequence);
        }

        Assert.Equal(version, await stores.QueryAsync<int>("SELECT schema_version FROM outbox.system"));
        await using var second = await OutboxHost.StartUnreadyAsync(database.ConnectionString, options => options.Shards = 1);
        await second.ReadyAsync();
        Assert.Equal(3, (await second.AppendAsync("and when it was started again")).Sequence);
    }

    [Fact]
    public async Task Only_the_program_of_the_schema_adds_shards_to_it()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var stores = await Stores.CreateAsync(database.ConnectionString);
        await stores.ExecuteAsync("UPDATE outbox.system SET schema_version = 99");
        stores.Options.Shards = 2;

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(stores.MigrateAsync);

        Assert.Equal(
            "Outbox:Shards is '2', but the database has 1 shards, and its tables have version 99; allowed: 1. Use a newer program to raise it.", refused.Message);
    }
}
