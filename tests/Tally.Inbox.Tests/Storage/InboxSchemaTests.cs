using Microsoft.Extensions.Options;
using Tally.Inbox.Storage;
using Tally.Inbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Storage;

[Collection(RealSystemCollection.Name)]
public sealed class InboxSchemaTests(TestEnvironment environment)
{
    [Fact]
    public async Task Instances_that_start_at_once_make_it_once()
    {
        await using var store = await Store.CreateEmptyAsync(environment);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(store.Migrate))).Within(Store.Soon);

        Assert.Equal(InboxSchema.Version, await store.QueryAsync<int>("SELECT version FROM inbox.schema_version"));
    }

    [KafkaFact]
    public async Task A_name_that_is_a_key_word_of_SQL_will_do()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory().Add(1, 2, 3);
        await world.SendAsync(history.Events);
        var instance = await world.StartAsync(configure: options => options.Schema = "order");
        await instance.ReadyAsync();

        await Eventually.TrueAsync(async () => (await instance.Inbox.ReadPositionsAsync(CancellationToken.None)) is [{ Sequence: 3 }], Store.Soon);

        Assert.Equal(0, await instance.Inbox.CountQuarantinedAsync(CancellationToken.None));
        Assert.Equal(1, await world.Store.QueryAsync<long>("SELECT count(*) FROM \"order\".positions"));
    }

    [Fact]
    public async Task Doing_it_again_keeps_what_is_there()
    {
        await using var store = await Store.CreateEmptyAsync(environment);
        store.Migrate();
        await store.ExecuteAsync("INSERT INTO inbox.source (system) VALUES (gen_random_uuid())");
        store.Migrate();

        Assert.Equal(1, await store.QueryAsync<long>("SELECT count(*) FROM inbox.source"));
    }

    [Fact]
    public async Task A_newer_schema_is_refused()
    {
        await using var store = await Store.CreateEmptyAsync(environment);
        store.Migrate();
        await store.ExecuteAsync("UPDATE inbox.schema_version SET version = 99, readable_by = 98");

        var refusal = Assert.Throws<OptionsValidationException>(store.Migrate);

        Assert.Contains("version 99", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(99, await store.QueryAsync<int>("SELECT version FROM inbox.schema_version"));
    }

    [KafkaFact]
    public async Task A_newer_schema_that_says_that_this_program_may_use_it_is_used_as_it_is()
    {
        await using var world = await World.CreateAsync(environment);
        world.Store.Migrate();
        await world.Store.ExecuteAsync("ALTER TABLE inbox.folds ADD COLUMN of_the_next_version text");
        await world.Store.ExecuteAsync("UPDATE inbox.schema_version SET version = version + 1");
        var history = new NumberHistory().Add(1, 2, 3);
        await world.SendAsync(history.Events);

        var instance = await world.StartAsync();
        await instance.ReadyAsync();
        await Eventually.TrueAsync(async () => (await instance.Inbox.ReadPositionsAsync(CancellationToken.None)) is [{ Sequence: 3 }], Store.Soon);

        Assert.Equal(InboxSchema.Version + 1, await world.Store.QueryAsync<int>("SELECT version FROM inbox.schema_version"));
    }

    [Fact]
    public async Task A_database_whose_commits_are_not_waited_for_is_refused_unless_that_is_wanted()
    {
        await using var store = await Store.CreateEmptyAsync(environment);
        await store.ExecuteAsync("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$");
        store.Source.Clear();
        await using var connection = await store.Source.OpenConnectionAsync();

        var refused = Assert.Throws<OptionsValidationException>(() => ServerCheck.Run(connection, new InboxOptions()));
        Assert.StartsWith("PostgreSQL's synchronous_commit is off; allowed: on, local", Assert.Single(refused.Failures), StringComparison.Ordinal);
        Assert.Equal(["synchronous_commit is off"], ServerCheck.Run(connection, new InboxOptions { Unsafe = true }));
    }

    [Fact]
    public async Task A_database_whose_statements_share_a_snapshot_is_refused_even_when_unsafe_is_wanted()
    {
        await using var store = await Store.CreateEmptyAsync(environment);
        await store.ExecuteAsync(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = ''repeatable read''', current_database()); END $$");
        store.Source.Clear();
        await using var connection = await store.Source.OpenConnectionAsync();

        var refused = Assert.Throws<OptionsValidationException>(() => ServerCheck.Run(connection, new InboxOptions { Unsafe = true }));
        Assert.Contains("default_transaction_isolation is 'repeatable read'", Assert.Single(refused.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_preparation_leaves_nothing_behind()
    {
        await using var store = await Store.CreateEmptyAsync(environment);
        await using var connection = await store.Source.OpenConnectionAsync();

        Assert.Throws<TimeoutException>(() => new InboxSchema("inbox").Migrate(connection, _ => throw new TimeoutException()));

        Assert.True(await store.QueryAsync<bool>("SELECT to_regnamespace('inbox') IS NULL"));
    }
}
