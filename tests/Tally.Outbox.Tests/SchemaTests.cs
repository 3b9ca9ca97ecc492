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
        await stores.ExecuteAsync("UPDATE outbox.system SET schema_version = 99");

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(stores.MigrateAsync);

        Assert.Contains("version 99", refused.Message);
    }
}
