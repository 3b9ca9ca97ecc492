using Grpc.Core;
using Npgsql;
using Tally.Contracts.V1;
using Tally.TestSupport;
using Tally.Totals.Tests.Support;

namespace Tally.Totals.Tests.Serving;

/// <summary>The service over real gRPC, from a real Kafka, on a real PostgreSQL.</summary>
[Collection(TotalsCollection.Name)]
public sealed class ServiceTests(TestEnvironment environment)
{
    private const int Partitions = 2;

    [KafkaFact]
    public async Task The_total_holds_what_the_caller_waits_for()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(Partitions);
        using var source = new SumSource(environment.Kafka, topic, Partitions);
        await using var host = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString);

        var first = await source.SendAsync(0, 42.5m);
        await source.SendAsync(1, -2m);
        var last = await source.SendAsync(1, 0.25m);
        var total = await GetAsync(host, first, last);

        Assert.Equal(("40.75", 3), (total.Total_, total.Count));
        Assert.Equal([first, last], total.Positions);
        Assert.Equal("40.75", (await GetAsync(host)).Total_);
    }

    [KafkaFact]
    public async Task Who_waits_for_what_never_comes_is_told_at_the_deadline()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(Partitions);
        await using var host = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString);

        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await host.Client.GetTotalAsync(
            new GetTotalRequest { AtLeast = { new Position { Sequence = 1 } } }, deadline: TotalsHost.Deadline(TimeSpan.FromMilliseconds(300))));

        Assert.Equal(StatusCode.DeadlineExceeded, refusal.StatusCode);
        var nothing = await GetAsync(host);
        Assert.Equal(("0", 0), (nothing.Total_, nothing.Count));
    }

    [KafkaFact]
    public async Task A_database_that_may_lose_totals_is_named_while_it_is_ready()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(Partitions);
        await using (var connection = new NpgsqlConnection(database.ConnectionString))
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand($"ALTER DATABASE {database.Name} SET synchronous_commit = off", connection);
            await command.ExecuteNonQueryAsync();
        }

        await using var host = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString, "--Inbox:Unsafe=true");

        Assert.Contains("unsafe: synchronous_commit is off", (await host.GetAsync("/readyz")).Text, StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task A_malformed_position_is_refused_and_named()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(Partitions);
        await using var host = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString);

        Assert.Equal("at_least[0].shard is 1024; allowed: 0 to 1023.", await RefusalAsync(host, new Position { Shard = 1024 }));
        Assert.Equal("at_least[0].shard is -1; allowed: 0 to 1023.", await RefusalAsync(host, new Position { Shard = -1 }));
        Assert.Equal("at_least[1].epoch is -1; allowed: 0 and more.", await RefusalAsync(host, new Position(), new Position { Epoch = -1 }));
        Assert.Equal("at_least[0].sequence is -9; allowed: 0 and more.", await RefusalAsync(host, new Position { Sequence = -9 }));
        Assert.Equal(
            "at_least has 1025 positions; allowed: at most 1024.",
            await RefusalAsync(host, [.. Enumerable.Repeat(new Position { Sequence = 1 }, 1025)]));
    }

    [KafkaFact]
    public async Task A_total_is_watched_as_it_grows()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(Partitions);
        using var source = new SumSource(environment.Kafka, topic, Partitions);
        await using var host = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString);
        using var call = host.Client.WatchTotal(new WatchTotalRequest(), deadline: TotalsHost.Deadline(TotalsHost.Soon));

        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Within(TotalsHost.Soon));
        Assert.Equal("0", call.ResponseStream.Current.Total_);
        for (var i = 1; i <= 20; i++)
        {
            await source.SendAsync(0, 1);
        }

        var seen = new List<long>();
        while (seen.LastOrDefault() < 20)
        {
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Within(TotalsHost.Soon));
            seen.Add(call.ResponseStream.Current.Count);
        }

        Assert.Equal(seen.Distinct().Order(), seen);
    }

    [KafkaFact]
    public async Task Each_instance_knows_the_total_of_all()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(Partitions);
        using var source = new SumSource(environment.Kafka, topic, Partitions);
        await using var first = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString);
        await using var second = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString);

        for (var i = 0; i < 10; i++)
        {
            Position[] sent = [await source.SendAsync(0, 1), await source.SendAsync(1, 1)];
            Assert.Equal(2 * (i + 1), (await GetAsync(first, sent)).Count);
            Assert.Equal(2 * (i + 1), (await GetAsync(second, sent)).Count);
        }
    }

    [KafkaTheory]
    [InlineData("Host=127.0.0.1;Port=1;Username=nobody;Database=none")]
    [InlineData("Host=no-such-host.invalid;Username=nobody;Database=none")]
    public async Task Without_its_database_the_total_is_unavailable_and_the_instance_not_ready(string database)
    {
        var topic = await environment.CreateTopicAsync(Partitions);
        await using var host = await TotalsHost.StartUnreadyAsync(environment.Kafka, topic, database);

        var refusal = await Assert.ThrowsAsync<RpcException>(() => GetAsync(host));

        Assert.Equal(StatusCode.Unavailable, refusal.StatusCode);
        Assert.Equal(503, (await host.GetAsync("/readyz")).Code);
        Assert.Equal(200, (await host.GetAsync("/livez")).Code);
        Assert.Equal(503, (await host.GetAsync("/api/status")).Code);
    }

    [KafkaFact]
    public async Task Calls_that_wait_do_not_hold_up_a_stop()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(Partitions);
        var host = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString);
        using var watching = host.Client.WatchTotal(new WatchTotalRequest());
        Assert.True(await watching.ResponseStream.MoveNext(CancellationToken.None).Within(TotalsHost.Soon));
        var waiting = host.Client.GetTotalAsync(new GetTotalRequest { AtLeast = { new Position { Sequence = 1 } } });

        await host.StopAsync().Within(TimeSpan.FromSeconds(10));

        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(async () => await waiting)).StatusCode);
        await host.DisposeAsync();
    }

    private static async Task<Total> GetAsync(TotalsHost host, params Position[] atLeast) =>
        await host.Client.GetTotalAsync(new GetTotalRequest { AtLeast = { atLeast } }, deadline: TotalsHost.Deadline(TotalsHost.Soon));

    private static async Task<string> RefusalAsync(TotalsHost host, params Position[] atLeast)
    {
        var refusal = await Assert.ThrowsAsync<RpcException>(() => GetAsync(host, atLeast));
        Assert.Equal(StatusCode.InvalidArgument, refusal.StatusCode);
        return refusal.Status.Detail;
    }
}
