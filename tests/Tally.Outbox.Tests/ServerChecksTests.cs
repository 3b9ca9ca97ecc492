using Microsoft.Extensions.Options;
using Npgsql;
using Tally.Outbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Outbox.Tests;

[Collection(PostgresCollection.Name)]
public sealed class ServerChecksTests(TestEnvironment environment)
{
    private static readonly ServerFacts Good = new(140_000, "on", "on", "on", "UTF8", "read committed", "me", "mine", SchemaExists: true, MayCreate: true);

    [Fact]
    public void A_good_server_has_no_faults()
    {
        Assert.Empty(Good.FindUnsafe());
        Assert.Empty(Good.FindUnusable("Outbox", "outbox"));
        Assert.All(["local", "remote_write", "remote_apply"], value => Assert.Empty((Good with { SynchronousCommit = value }).FindUnsafe()));
    }

    [Fact]
    public void An_old_server_is_refused() =>
        Assert.Equal(["PostgreSQL's version is 13; allowed: 14 or later."], (Good with { Version = 130_022 }).FindUnusable("Outbox", "outbox"));

    [Fact]
    public async Task A_server_that_may_lose_commits_is_refused_by_each_setting_unless_that_is_wanted()
    {
        await using var server = await PrivatePostgres.StartAsync();
        await using (var admin = NpgsqlDataSource.Create(server.ConnectionString))
        {
            foreach (var sql in new[] { "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()" })
            {
                await ExecuteAsync(admin, sql);
            }

            await Eventually.TrueAsync(
                async () => "off" == await ScalarAsync(server.ConnectionString, "SELECT current_setting('full_page_writes')"), OutboxHost.Soon);
        }

        await using var database = await server.CreateDatabaseAsync();
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => OutboxHost.StartUnreadyAsync(database.ConnectionString));
        Assert.Collection(
            refused.Failures,
            fault => Assert.StartsWith("PostgreSQL's fsync is off; allowed: on. ", fault, StringComparison.Ordinal),
            fault => Assert.StartsWith("PostgreSQL's full_page_writes is off; allowed: on. ", fault, StringComparison.Ordinal));

        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options => options.Unsafe = true);
        Assert.Equal("ready; unsafe: fsync is off, full_page_writes is off", host.Status.Reason);
        Assert.Equal(1, (await host.AppendAsync("a")).Sequence);
    }

    [Fact]
    public async Task A_role_whose_commits_are_not_waited_for_is_refused_whatever_the_server_says()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await AsAdminAsync($"ALTER ROLE {database.Name} SET synchronous_commit = off");

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => OutboxHost.StartUnreadyAsync(database.ConnectionString));

        Assert.StartsWith(
            "PostgreSQL's synchronous_commit is off; allowed: on, local, remote_write, remote_apply. ", Assert.Single(refused.Failures), StringComparison.Ordinal);
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options => options.Unsafe = true);
        Assert.Equal("ready; unsafe: synchronous_commit is off", host.Status.Reason);
    }

    [Fact]
    public async Task A_role_whose_statements_share_a_snapshot_is_refused_even_when_unsafe_is_wanted()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await AsAdminAsync($"ALTER ROLE {database.Name} SET default_transaction_isolation = 'repeatable read'");

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(
            () => OutboxHost.StartUnreadyAsync(database.ConnectionString, options => options.Unsafe = true));

        Assert.Contains("default_transaction_isolation is 'repeatable read'", Assert.Single(refused.Failures));
    }

    [Fact]
    public async Task A_database_in_another_encoding_is_refused()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await AsAdminAsync($"DROP DATABASE {database.Name}");
        await AsAdminAsync($"CREATE DATABASE {database.Name} OWNER {database.Name} ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0");

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => OutboxHost.StartUnreadyAsync(database.ConnectionString));

        Assert.Equal([$"The encoding of the database '{database.Name}' is LATIN1; allowed: UTF8."], refused.Failures);
    }

    [Fact]
    public async Task A_role_that_may_not_make_what_it_needs_is_refused_by_name()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await AsAdminAsync($"ALTER DATABASE {database.Name} OWNER TO CURRENT_USER");

        var noSchema = await Assert.ThrowsAsync<OptionsValidationException>(() => OutboxHost.StartUnreadyAsync(database.ConnectionString));
        Assert.StartsWith(
            $"The role '{database.Name}' may not make the schema 'outbox' (Outbox:Schema) in the database", Assert.Single(noSchema.Failures), StringComparison.Ordinal);

        var inside = new NpgsqlConnectionStringBuilder(environment.AdminConnectionString) { Database = database.Name, Pooling = false }.ConnectionString;
        await using (var admin = NpgsqlDataSource.Create(inside))
        {
            await ExecuteAsync(admin, "CREATE SCHEMA outbox");
        }

        var noTables = await Assert.ThrowsAsync<OptionsValidationException>(() => OutboxHost.StartUnreadyAsync(database.ConnectionString));
        Assert.StartsWith(
            $"The role '{database.Name}' may not make tables in the schema 'outbox'", Assert.Single(noTables.Failures), StringComparison.Ordinal);
    }

    private static async Task<string> ScalarAsync(string connectionString, string sql)
    {
        // A new connection: one that is open learns of a reload a little later.
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await using var command = source.CreateCommand(sql);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task AsAdminAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(environment.AdminConnectionString) { Pooling = false }.ConnectionString);
        await ExecuteAsync(source, sql);
    }
}
