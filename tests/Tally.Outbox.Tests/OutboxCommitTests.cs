using Tally.Outbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Outbox.Tests;

[Collection(PostgresCollection.Name)]
public sealed class OutboxCommitTests(TestEnvironment environment)
{
    [Fact]
    public async Task A_stop_ends_though_somebody_goes_on_appending()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString);
        using var ended = new CancellationTokenSource();
        var stored = 0L;
        var appending = Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            while (!ended.IsCancellationRequested)
            {
                try
                {
                    await host.AppendAsync("x");
                    Interlocked.Increment(ref stored);
                }
                catch (OutboxException refused) when (refused.Fault == OutboxFault.Unavailable)
                {
                    await Task.Yield();
                }
            }
        })));
        await Eventually.TrueAsync(() => Interlocked.Read(ref stored) > 100, OutboxHost.Soon);

        await host.StopAsync().WaitAsync(OutboxHost.Soon);

        await ended.CancelAsync();
        await appending.WaitAsync(OutboxHost.Soon);
        Assert.Equal(stored, (await host.Reader.GetPositionsAsync()).Sum(shard => shard.Sequence));
    }

    [Theory]
    [InlineData("")]
    [InlineData("orders/eu")]
    public async Task A_topic_that_Kafka_could_never_have_is_refused_before_the_commit(string topic)
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString);

        var refused = await Assert.ThrowsAsync<ArgumentException>(() => host.AppendAsync("x", topic: topic));

        Assert.Contains($"'{topic}'", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await host.AppendAsync("y")).Sequence);
    }

    [Fact]
    public async Task A_call_is_answered_only_after_its_commit()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 1);

        await using var other = await host.Database.OpenConnectionAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var hold = new Npgsql.NpgsqlCommand("LOCK TABLE outbox.outbox_batches_0 IN SHARE MODE", other))
        {
            await hold.ExecuteNonQueryAsync();
        }

        var append = host.AppendAsync("a");
        await Eventually.TrueAsync(
            async () => await host.QueryAsync<bool>("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)"), OutboxHost.Soon);

        // An answer that is given too early takes a moment to come, too.
        Assert.NotSame(append, await Task.WhenAny(append, Task.Delay(TimeSpan.FromMilliseconds(500))));
        await transaction.CommitAsync();

        Assert.Equal(1, (await append).Sequence);
        Assert.Equal(["a"], await host.ReadAsync(0));
    }

    [Fact]
    public async Task Concurrent_calls_share_commits_and_each_gets_its_own_place()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 1);

        var positions = await Task.WhenAll(Enumerable.Range(0, 2_000).Select(number => host.AppendAsync(number.ToString())));

        Assert.Equal(Enumerable.Range(1, 2_000).Select(n => (long)n), positions.Select(position => position.Sequence).Order());
        var stored = await host.ReadAsync(0);
        Assert.All(positions.Index(), item => Assert.Equal(item.Index.ToString(), stored[(int)item.Item.Sequence - 1]));
        Assert.InRange(await host.QueryAsync<long>("SELECT count(*) FROM outbox.outbox_batches"), 1, 1_000);
        Assert.Equal(2_000, await host.QueryAsync<long>("SELECT count(*) FROM outbox.outbox"));
    }

    [Fact]
    public async Task Messages_with_the_same_ordering_key_keep_their_order()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 8);

        var positions = new List<OutboxPosition>();
        for (var number = 0; number < 50; number++)
        {
            positions.Add(await host.AppendAsync(number.ToString(), orderingKey: "order-7"));
        }

        Assert.Single(positions.Select(position => position.Shard).Distinct());
        Assert.Equal(Enumerable.Range(1, 50).Select(n => (long)n), positions.Select(position => position.Sequence));
    }

    [Fact]
    public async Task A_batch_that_reaches_the_end_of_a_segment_goes_on_in_the_next()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options =>
        {
            options.Shards = 1;
            options.SegmentSize = 1_000;
        });

        await Task.WhenAll(Enumerable.Range(0, 4_500).Select(number => host.AppendAsync(number.ToString())));

        Assert.Equal(4_500, (await host.ReadAsync(0)).Count);
        Assert.Equal(0, await host.QueryAsync<long>(
            "SELECT count(*) FROM outbox.outbox_batches WHERE (first_sequence - 1) / 1000 <> (last_sequence - 1) / 1000"));

        // Five are in use, and a chore makes two more ready.
        await Eventually.TrueAsync(
            async () => await host.QueryAsync<long>("SELECT count(*) FROM pg_inherits WHERE inhparent = 'outbox.outbox_batches_0'::regclass") == 7,
            OutboxHost.Soon);
    }

    [Fact]
    public async Task A_new_process_goes_on_behind_what_the_last_one_stored()
    {
        await using var database = await environment.CreateDatabaseAsync();
        OutboxPosition before;
        await using (var first = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 1))
        {
            before = await first.AppendAsync("a");
        }

        await using var second = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 1);
        var after = await second.AppendAsync("b");

        Assert.Equal(before.System, after.System);
        Assert.Equal(2, after.Sequence);
        Assert.Equal(2, after.EpochFirstSequence);
        Assert.True(after.Epoch > before.Epoch);
    }
}
