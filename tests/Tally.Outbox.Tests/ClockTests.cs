using Tally.Outbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Outbox.Tests;

/// <summary>Clocks that are wrong: an instance's plays no part, and the database's may step back.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ClockTests(TestEnvironment environment)
{
    private const string Owners = "SELECT string_agg(owner || ' ' || epoch, ', ' ORDER BY shard) FROM outbox.leases JOIN outbox.shards USING (shard)";

    [Fact]
    public async Task Instances_whose_clocks_are_hours_off_and_jump_keep_their_shards_and_store_without_a_gap()
    {
        await using var database = await environment.CreateDatabaseAsync();
        SkewedTime ahead = new(TimeSpan.FromHours(5)), behind = new(TimeSpan.FromHours(-5));
        await using var first = await OutboxHost.StartAsync(database.ConnectionString, options => options.Instance = "first", time: ahead);
        await using var second = await OutboxHost.StartUnreadyAsync(database.ConnectionString, options => options.Instance = "second", time: behind);
        await Eventually.TrueAsync(() => (first.Status.OwnedShards, second.Status.OwnedShards) == (1, 1), OutboxHost.Soon);
        var owners = await first.QueryAsync<string>(Owners);
        await AppendAsync(first, second);

        (ahead.Ahead, behind.Ahead) = (behind.Ahead, ahead.Ahead);
        await RenewedTwiceAsync(first);
        await AppendAsync(first, second);

        Assert.Equal(owners, await first.QueryAsync<string>(Owners));
        Assert.Equal(20, (await first.ReadAsync(0)).Count);
        Assert.Equal(20, (await first.ReadAsync(1)).Count);
        Assert.True(await first.QueryAsync<bool>("SELECT max(epoch) <= extract(epoch FROM clock_timestamp()) * 1000000 FROM outbox.shards"));
    }

    [Fact]
    public async Task Leases_that_lie_hours_ahead_since_the_databases_clock_stepped_back_do_not_keep_a_dead_owners_shards()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using (var stores = await Stores.CreateAsync(database.ConnectionString, options => options.Shards = 2))
        {
            await stores.Leases.RenewAsync("dead", default);
            await stores.Leases.TryClaimAsync(0, "dead", default);
            await stores.Leases.TryClaimAsync(1, "dead", default);
            await SteppedBackAsync(stores.ExecuteAsync);
        }

        // With a dead one counted as alive its share would be one shard.
        await using var host = await OutboxHost.StartAsync(database.ConnectionString);
        await host.AppendAsync("a", orderingKey: "a");
        Assert.Equal(2, host.Status.OwnedShards);
    }

    [Fact]
    public async Task A_living_owner_goes_on_when_the_databases_clock_steps_back()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString);
        var before = await host.AppendAsync("a", orderingKey: "a");
        await SteppedBackAsync(host.ExecuteAsync);
        await host.ExecuteAsync("UPDATE outbox.shards SET epoch = epoch + 3600000000");
        await Eventually.TrueAsync(
            () => host.QueryAsync<bool>("SELECT bool_and(lease_until < clock_timestamp() + interval '1 minute') FROM outbox.leases"), OutboxHost.Soon);

        // The epoch that it holds is none any more; the next one is above it, though the clock is far below.
        var after = before;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    after = await host.AppendAsync("b", orderingKey: "a");
                    return true;
                }
                catch (OutboxException fenced) when (fenced.Fault == OutboxFault.Unavailable)
                {
                    return false;
                }
            },
            OutboxHost.Soon);

        Assert.True(after.Epoch > before.Epoch + 3_600_000_000);
        Assert.Equal(before.Sequence + 1, after.Sequence);
    }

    private static async Task AppendAsync(params OutboxHost[] hosts)
    {
        foreach (var host in hosts)
        {
            for (var number = 0; number < 10; number++)
            {
                await host.AppendAsync($"{number}");
            }
        }
    }

    /// <summary>Waits until leases end later than two lease times from now on.</summary>
    private static async Task RenewedTwiceAsync(OutboxHost host)
    {
        var now = await host.QueryAsync<DateTime>("SELECT clock_timestamp()");
        await Eventually.TrueAsync(
            async () => await host.QueryAsync<DateTime>("SELECT min(lease_until) FROM outbox.leases") > now + TimeSpan.FromSeconds(3), OutboxHost.Soon);
    }

    private static async Task SteppedBackAsync(Func<string, Task> executeAsync)
    {
        await executeAsync("UPDATE outbox.leases SET lease_until = lease_until + interval '1 hour'");
        await executeAsync("UPDATE outbox.instances SET alive_until = alive_until + interval '1 hour'");
    }
}
