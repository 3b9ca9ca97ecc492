using Tally.Outbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Outbox.Tests.Keys;

/// <summary>The same key gives the same answer and one row.</summary>
[Collection(PostgresCollection.Name)]
public sealed class IdempotencyTests(TestEnvironment environment)
{
    private const string Uuid = "0192f0c1-7b2a-7c3d-8e4f-a0b1c2d3e4f5";

    [Fact]
    public async Task The_same_key_gives_the_same_position_and_one_row()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString);

        var first = await host.AppendWithKeyAsync("key");
        var second = await host.AppendWithKeyAsync("key");

        Assert.Equal(first, second);
        Assert.Equal((1, 1), await host.CountAsync());
    }

    [Fact]
    public async Task A_key_works_on_another_instance_and_in_a_later_epoch()
    {
        await using var database = await environment.CreateDatabaseAsync();
        OutboxPosition first;
        await using (var host = await OutboxHost.StartAsync(database.ConnectionString))
        {
            await host.AppendAsync("before");
            first = await host.AppendWithKeyAsync("key");
        }

        await using var other = await OutboxHost.StartAsync(database.ConnectionString);

        Assert.Equal(first, await other.AppendWithKeyAsync("key"));
        Assert.Equal((2, 1), await other.CountAsync());
    }

    [Fact]
    public async Task A_key_with_another_request_is_refused_and_nothing_is_stored()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString);
        var first = await host.AppendWithKeyAsync("key", asked: "a");

        var refused = await Assert.ThrowsAsync<OutboxException>(() => host.AppendWithKeyAsync("key", asked: "b"));

        Assert.Equal((OutboxFault.KeyReused, true), (refused.Fault, refused.NotStored));
        Assert.Equal(first, await host.AppendWithKeyAsync("key", asked: "a"));
        Assert.Equal((1, 1), await host.CountAsync());
    }

    [Fact]
    public async Task A_key_that_comes_several_times_in_one_batch_is_stored_once()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 1);

        var answers = await host.InOneBatchAsync(
            0,
            () => host.AppendWithKeyAsync("key", asked: "a"),
            () => host.AppendAsync("without"),
            () => host.AppendWithKeyAsync("key", asked: "a"),
            () => host.AppendWithKeyAsync("key", asked: "another"),
            () => host.AppendWithKeyAsync("key", asked: "a"));

        Assert.Equal([2, 3, 2, 2], (await Task.WhenAll(answers[0], answers[1], answers[2], answers[4])).Select(at => at.Sequence));
        Assert.Equal(OutboxFault.KeyReused, (await Assert.ThrowsAsync<OutboxException>(() => answers[3])).Fault);
        Assert.Equal(["blocker", "text", "without"], await host.ReadAsync(0));
        Assert.Equal(2, await host.QueryAsync<long>("SELECT count(*) FROM outbox.outbox_batches"));
    }

    [Fact]
    public async Task Known_keys_in_a_batch_get_their_answers_and_the_others_are_stored_in_order()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 1);
        var known = await host.AppendWithKeyAsync("known", "k");

        var answers = await host.InOneBatchAsync(
            0,
            () => host.AppendWithKeyAsync("known", "k"),
            () => host.AppendAsync("b"),
            () => host.AppendWithKeyAsync("new", "c"),
            () => host.AppendWithKeyAsync("known", "k"),
            () => host.AppendWithKeyAsync("known", "k", asked: "another"),
            () => host.AppendWithKeyAsync("new", "c"),
            () => host.AppendAsync("d"));

        Assert.Equal(OutboxFault.KeyReused, (await Assert.ThrowsAsync<OutboxException>(() => answers[4])).Fault);
        Assert.Equal(known, await answers[0]);
        Assert.Equal(known, await answers[3]);
        Assert.Equal(await answers[2], await answers[5]);
        Assert.Equal(["k", "blocker", "b", "c", "d"], await host.ReadAsync(0));
        Assert.Equal(5, (await answers[6]).Sequence);
    }

    [Fact]
    public async Task An_append_that_failed_is_not_remembered()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options => options.MaxPayloadBytes = 64);

        var refused = await Assert.ThrowsAsync<OutboxException>(() => host.AppendWithKeyAsync("key", new string('x', 65)));
        Assert.Equal(OutboxFault.TooLarge, refused.Fault);

        Assert.Equal(1, (await host.AppendWithKeyAsync("key", "short enough")).Sequence);
    }

    [Fact]
    public async Task One_who_gave_up_waiting_learns_by_the_key_where_it_stands()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 1);
        using var giveUp = new CancellationTokenSource();
        var before = await host.AppendWithKeyAsync("before");

        // Given up while its commit is under way.
        await host.ExecuteAsync("CREATE FUNCTION outbox.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END $$");
        await host.ExecuteAsync("CREATE TRIGGER slow BEFORE INSERT ON outbox.keys_0 FOR EACH ROW EXECUTE FUNCTION outbox.slow()");
        var append = host.AppendWithKeyAsync("key", cancellationToken: giveUp.Token);
        await Eventually.TrueAsync(
            () => host.QueryAsync<bool>("SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep')"), OutboxHost.Soon);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => append);

        Assert.Equal(before.Sequence + 1, (await host.AppendWithKeyAsync("key")).Sequence);
        Assert.Equal((2, 2), await host.CountAsync());
    }

    [Fact]
    public async Task Two_instances_that_get_the_same_keys_at_the_same_instants_store_each_once()
    {
        await using var database = await environment.CreateDatabaseAsync();

        // The first knows of one shard only, so the second, which adds another one, owns that.
        await using var one = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 1);
        await using var two = await OutboxHost.StartUnreadyAsync(database.ConnectionString, options => options.Shards = 2);
        await Eventually.TrueAsync(() => two.Status.OwnedShards == 1, OutboxHost.Soon);

        const int Keys = 2_000;
        var answers = await Task.WhenAll(Enumerable.Range(0, Keys).Select(async i => (
            One: one.AppendWithKeyAsync($"key {i}"),
            Two: two.AppendWithKeyAsync($"key {Keys - 1 - i}"))).Select(async pair =>
            {
                var (first, second) = await pair;
                return (await first, await second);
            }));

        var byOne = answers.Select(answer => answer.Item1).ToList();
        var byTwo = answers.Select(answer => answer.Item2).Reverse().ToList();
        Assert.Equal(byOne, byTwo);
        Assert.Equal(Keys, byOne.Distinct().Count());
        Assert.Equal((Keys, Keys), await one.CountAsync());
    }

    [Fact]
    public void A_key_must_be_text()
    {
        Assert.Throws<ArgumentException>(() => new IdempotencyKey("", []));
        Assert.ThrowsAny<ArgumentException>(() => new IdempotencyKey("half a character: \ud800", []));
    }

    [Fact]
    public async Task A_uuid_is_stored_as_its_bytes_in_their_order()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString);

        await host.AppendWithKeyAsync(Uuid);

        Assert.Equal($"ff{Uuid.Replace("-", "", StringComparison.Ordinal)}", await host.QueryAsync<string>("SELECT encode(key, 'hex') FROM outbox.keys_0"));
    }

    [Fact]
    public async Task A_key_may_hold_any_text_up_to_128_bytes()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString);
        string[] keys = ["\0", "\0\0", "'; DROP TABLE outbox.shards; --", "ключ", "\u1e9b\u0323", "\u1e69", new string('é', 64), Uuid, Uuid.ToUpperInvariant(), $"{{{Uuid[..34]}}}"];

        var first = await Task.WhenAll(keys.Select(key => host.AppendWithKeyAsync(key)));
        var second = await Task.WhenAll(keys.Select(key => host.AppendWithKeyAsync(key)));

        Assert.Equal(first, second);
        Assert.Equal(keys.Length, first.Distinct().Count());
        Assert.Throws<ArgumentException>(() => new IdempotencyKey(new string('é', 65), []));
    }
}
