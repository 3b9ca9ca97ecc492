using System.Diagnostics;
using Tally.Outbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Outbox.Tests;

/// <summary>Several instances on one database.</summary>
[Collection(PostgresCollection.Name)]
public sealed class SharesTests(TestEnvironment environment)
{
    private const int Shards = 8;

    [Fact]
    public async Task Instances_share_the_shards_evenly_and_no_append_fails_when_one_comes_or_goes()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var first = await OutboxHost.StartAsync(database.ConnectionString, Named("first"));
        using var stop = new CancellationTokenSource();
        var appending = AppendAsync(first, stop.Token);

        var second = await OutboxHost.StartUnreadyAsync(database.ConnectionString, Named("second"));
        await OwnAsync((first, 4), (second, 4));
        var third = await OutboxHost.StartUnreadyAsync(database.ConnectionString, Named("third"));
        await Eventually.TrueAsync(
            async () => Owned(first, second, third) is [<= 3, <= 3, <= 3] owned && owned.Sum() == Shards && await AllOwnedAsync(first), OutboxHost.Soon);

        await third.DisposeAsync();
        await second.DisposeAsync();
        await OwnAsync((first, 8));
        await stop.CancelAsync();

        var appended = await appending;
        Assert.NotEmpty(appended);
        Assert.Equal(appended.Count, await first.QueryAsync<long>("SELECT sum(last_sequence - first_sequence + 1)::bigint FROM outbox.outbox_batches"));
    }

    [KafkaFact]
    public async Task An_instance_that_knows_fewer_shards_goes_on_beside_one_that_raised_them()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync();
        await using var before = await OutboxHost.StartAsync(database.ConnectionString, Relaying(shards: 2));
        await using var raised = await OutboxHost.StartUnreadyAsync(database.ConnectionString, Relaying(shards: 4));
        await Eventually.TrueAsync(async () => before.Status.OwnedShards > 0 && raised.Status.OwnedShards > 0 && await AllOwnedAsync(before), OutboxHost.Soon);
        await before.AppendAsync("1", topic: topic);
        await Eventually.TrueAsync(async () => (await before.Reader.GetPositionsAsync()).All(shard => shard.Relayed == shard.Sequence), OutboxHost.Soon);

        // Somebody wants all of them again, also those that the older instance doesn't know. It must still do its part.
        await raised.ExecuteAsync("UPDATE outbox.progress SET rewind_id = gen_random_uuid(), rewind_from = 1");

        await Eventually.TrueAsync(async () => (await before.Reader.GetPositionsAsync()).All(shard => shard.RewindingFrom == 0), OutboxHost.Soon);
        await before.AppendAsync("2", topic: topic);
        Assert.Equal(2, await before.QueryAsync<long>("SELECT count(*) FROM outbox.outbox"));

        // Who took one beyond its part keeps it, since the other one couldn't: given up, it would be free for three lease times, again and again.
        var (epochs, since) = (0m, Stopwatch.GetTimestamp());
        await Eventually.TrueAsync(
            async () =>
            {
                var now = await raised.QueryAsync<decimal>("SELECT sum(epoch) FROM outbox.shards");
                (epochs, since) = now == epochs ? (epochs, since) : (now, Stopwatch.GetTimestamp());
                return Stopwatch.GetElapsedTime(since) > TimeSpan.FromSeconds(5);
            },
            OutboxHost.Soon);

        Action<OutboxOptions> Relaying(int shards) => options =>
        {
            options.Shards = shards;
            options.RelayEnabled = true;
            environment.Kafka.CopyTo(options.Kafka);
        };
    }

    [KafkaFact]
    public async Task A_clean_stop_gives_the_shards_up_at_once_also_while_Kafka_is_away()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var first = await OutboxHost.StartAsync(database.ConnectionString, WithoutKafka("first"));
        for (var number = 0; number < 20; number++)
        {
            await first.AppendAsync($"{number}");
        }

        await using var second = await OutboxHost.StartUnreadyAsync(database.ConnectionString, WithoutKafka("second"));
        await OwnAsync((first, 4), (second, 4));

        var stopping = first.StopAsync();
        var began = Stopwatch.GetTimestamp();
        await OwnAsync((second, 8));

        // The first one still waits for Kafka. That gives nobody a right to write, so it may.
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.False(stopping.IsCompleted);
        await second.AppendAsync("20");
        await stopping.Within(OutboxHost.Soon);
        Assert.Equal(21, await second.QueryAsync<long>("SELECT sum(last_sequence - first_sequence + 1)::bigint FROM outbox.outbox_batches"));

        Action<OutboxOptions> WithoutKafka(string name) => options =>
        {
            Named(name)(options);
            options.LeaseTime = TimeSpan.FromSeconds(5);
            options.RelayEnabled = true;
            environment.Kafka.CopyTo(options.Kafka);
            options.Kafka.BootstrapServers = "127.0.0.1:1";
            options.StopTimeout = TimeSpan.FromSeconds(4);
        };
    }

    [Fact]
    public async Task What_an_instance_gives_up_is_published_by_the_next_owner_from_where_the_first_was()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var first = await OutboxHost.StartAsync(database.ConnectionString, Named("first"));
        for (var number = 0; number < 40; number++)
        {
            await first.AppendAsync($"{number}", orderingKey: $"{number}");
        }

        await using var second = await OutboxHost.StartUnreadyAsync(database.ConnectionString, Named("second"));
        await OwnAsync((first, 4), (second, 4));

        // Every sequence goes on without a gap, whoever appends: reading checks it.
        for (var number = 0; number < 40; number++)
        {
            try
            {
                await second.AppendAsync($"{number}", orderingKey: $"{number}");
            }
            catch (OutboxException notMine) when (notMine.Fault == OutboxFault.Unavailable)
            {
                await first.AppendAsync($"{number}", orderingKey: $"{number}");
            }
        }

        var stored = 0;
        for (var shard = 0; shard < Shards; shard++)
        {
            stored += (await first.ReadAsync(shard)).Count;
        }

        Assert.Equal(80, stored);
    }

    [Fact]
    public async Task A_place_where_a_newer_epoch_begins_is_found_whatever_lies_around_it()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var last = new List<OutboxPosition>();
        for (var run = 0; run < 3; run++)
        {
            await using var host = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 1);
            for (var number = 0; number <= run * 3; number++)
            {
                await host.AppendAsync($"{run}.{number}");
            }

            last.Add(await host.AppendAsync("last"));
        }

        await using var reading = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 1);
        foreach (var position in last)
        {
            var branch = (await reading.Reader.FindBranchAsync(0, position.Epoch))!;
            Assert.Equal((position.Sequence, position.Epoch), (branch.Sequence, branch.Epoch));
        }

        Assert.Equal(0, (await reading.Reader.FindBranchAsync(0, 0))!.Sequence);
        Assert.Equal(last[1].Epoch, (await reading.Reader.FindAsync(0, last[1].Sequence))!.Value.Epoch);
        Assert.Null(await reading.Reader.FindAsync(0, 1_000));
    }

    private static Action<OutboxOptions> Named(string name) => options =>
    {
        options.Shards = Shards;
        options.Instance = name;
    };

    private static int[] Owned(params OutboxHost[] hosts) => [.. hosts.Select(host => host.Status.OwnedShards)];

    private static async Task<bool> AllOwnedAsync(OutboxHost host) => (await host.Reader.GetPositionsAsync()).All(shard => shard.Owner.Length > 0);

    private static Task OwnAsync(params (OutboxHost Host, int Shards)[] expected) => Eventually.TrueAsync(
        () => Task.FromResult(expected.All(pair => pair.Host.Status.OwnedShards == pair.Shards)), OutboxHost.Soon);

    private static async Task<List<OutboxPosition>> AppendAsync(OutboxHost host, CancellationToken stopping)
    {
        var positions = new List<OutboxPosition>();
        while (!stopping.IsCancellationRequested)
        {
            positions.Add(await host.AppendAsync("x"));
        }

        return positions;
    }
}
