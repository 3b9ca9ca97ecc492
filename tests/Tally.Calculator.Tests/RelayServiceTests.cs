using Google.Protobuf;
using Grpc.Core;
using Tally.Calculator.Tests.Support;
using Tally.Contracts.V1;
using Tally.TestSupport;

namespace Tally.Calculator.Tests;

/// <summary>What a consumer can ask the Calculator, over real gRPC.</summary>
[Collection(CalculatorCollection.Name)]
public sealed class RelayServiceTests(TestEnvironment environment)
{
    [KafkaFact]
    public async Task Positions_tell_what_is_committed_and_relayed_and_who_owns_a_shard()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync();
        await using var host = await CalculatorHost.StartAsync(
            environment.Kafka, database.ConnectionString, "--Outbox:Shards=2", "--Outbox:RelayEnabled=true", $"--Calculator:Topic={topic}");

        var empty = await PositionsAsync(host);
        var last = (await host.AddAsync("40", "2")).Position;
        await Eventually.TrueAsync(async () => (await PositionsAsync(host)).Shards[last.Shard].Relayed == 1, CalculatorHost.Soon);
        var positions = await PositionsAsync(host);

        Assert.All(empty.Shards, shard => Assert.Equal((0, 0, 0), (shard.Committed.Epoch, shard.Committed.Sequence, shard.Relayed)));
        Assert.Equal([0, 1], positions.Shards.Select(shard => shard.Committed.Shard));
        Assert.Equal(last, positions.Shards[last.Shard].Committed);
        Assert.StartsWith("calculator-1/", positions.Shards[last.Shard].Owner, StringComparison.Ordinal);
        Assert.Equal(await host.QueryAsync<Guid>("SELECT id FROM outbox.system"), new Guid(positions.System.Span, bigEndian: true));
    }

    [KafkaTheory]
    [InlineData("--Calculator:Instance=seven", "seven/")]
    [InlineData("--Outbox:Instance=eight", "eight/")]
    public async Task An_owner_is_named_as_it_was_set(string setting, string name)
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString, setting);

        Assert.StartsWith(name, (await PositionsAsync(host)).Shards.Single().Owner, StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task A_stored_result_is_given_as_it_was_published()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString);
        await host.AddAsync("40", "2");
        var second = (await host.AddAsync("-1", "-1.5")).Position;

        var result = await host.Relay.GetResultAsync(new Position { Sequence = 2 }, deadline: Soon());

        var sum = SumComputed.Parser.ParseFrom(result.Event);
        Assert.Equal(second, result.Position);
        Assert.Equal(("-2.5", "39.5", second.Epoch, 2), (sum.Value, sum.ShardTotal, sum.Epoch, sum.Sequence));
        Assert.Equal(
            (StatusCode.NotFound, "Shard 0 holds no result 3."), await RefusalAsync(() => host.Relay.GetResultAsync(new Position { Sequence = 3 }, deadline: Soon())));
        Assert.Equal(
            (StatusCode.NotFound, "Shard 0 holds no result 0."), await RefusalAsync(() => host.Relay.GetResultAsync(new Position { Sequence = 0 }, deadline: Soon())));
        Assert.Equal(
            (StatusCode.OutOfRange, "There is no shard 1; allowed: 0 to 0."), await RefusalAsync(() => host.Relay.GetResultAsync(new Position { Shard = 1, Sequence = 1 }, deadline: Soon())));
    }

    [KafkaFact]
    public async Task The_end_of_a_common_history_comes_with_the_total_there()
    {
        await using var database = await environment.CreateDatabaseAsync();
        Position first;
        await using (var before = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString))
        {
            await before.AddAsync("40", "2");
            first = (await before.AddAsync("0.25", "0.25")).Position;
        }

        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString);
        var second = (await host.AddAsync("100", "0")).Position;

        Assert.True(second.Epoch > first.Epoch);
        Assert.Equal((first, "42.5"), await BranchAsync(host, first));
        Assert.Equal((first, "42.5"), await BranchAsync(host, new Position { Epoch = second.Epoch - 1 }));
        Assert.Equal((second, "142.5"), await BranchAsync(host, second));
        Assert.Equal((new Position(), "0"), await BranchAsync(host, new Position { Epoch = 1 }));
        Assert.Equal(
            (StatusCode.OutOfRange, "There is no shard -1; allowed: 0 to 0."), await RefusalAsync(() => host.Relay.GetBranchAsync(new Position { Shard = -1 }, deadline: Soon())));
    }

    [KafkaFact]
    public async Task A_rewind_is_recorded_and_one_to_nowhere_is_refused()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString);
        await host.AddAsync("40", "2");
        await host.AddAsync("40", "2");

        // Nothing is relayed here, so the wish stays open.
        await host.Relay.RewindAsync(new Position { Sequence = 2 }, deadline: Soon());
        Assert.Equal(2, (await PositionsAsync(host)).Shards.Single().RewindingFrom);
        await host.Relay.RewindAsync(new Position { Sequence = 1, Epoch = 77 }, deadline: Soon());
        Assert.Equal(1, (await PositionsAsync(host)).Shards.Single().RewindingFrom);

        Assert.Equal(
            (StatusCode.OutOfRange, "Shard 0 has no result 3; allowed: 1 to 2."), await RefusalAsync(() => host.Relay.RewindAsync(new Position { Sequence = 3 }, deadline: Soon())));
        Assert.Equal(
            (StatusCode.OutOfRange, "There is no shard 1; allowed: 0 to 0."),
            await RefusalAsync(() => host.Relay.RewindAsync(new Position { Shard = 1, Sequence = 1 }, deadline: Soon())));
    }

    [KafkaFact]
    public async Task What_a_consumer_holds_is_recorded_and_the_next_epoch_is_above_it()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using (var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString, "--Outbox:Shards=2"))
        {
            var last = (await host.AddAsync("40", "2")).Position;
            var far = new Position { Shard = last.Shard, Epoch = last.Epoch + 3_600_000_000, Sequence = 1 };

            await host.Relay.ConfirmAsync(await ConfirmationAsync(host, "totals", last), deadline: Soon());
            await host.Relay.ConfirmAsync(await ConfirmationAsync(host, "totals", far, new Position { Shard = 1 - last.Shard }), deadline: Soon());

            Assert.Equal(2L, await host.QueryAsync<long>("SELECT count(*) FROM outbox.consumers WHERE consumer = 'totals'"));
            Assert.Equal(far.Epoch, await host.QueryAsync<long>("SELECT max(epoch) FROM outbox.consumers"));
        }

        await using var next = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString, "--Outbox:Shards=2");
        Assert.Equal(
            await next.QueryAsync<long>("SELECT max(epoch) + 1 FROM outbox.consumers"), await next.QueryAsync<long>("SELECT max(epoch) FROM outbox.shards"));
    }

    [KafkaFact]
    public async Task A_confirmation_out_of_its_limits_is_refused_by_its_field()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString, "--Outbox:Shards=2");
        var system = (await PositionsAsync(host)).System;

        async Task RefusedAsync(string message, string consumer, params Position[] positions) => Assert.Equal(
            (StatusCode.InvalidArgument, message),
            await RefusalAsync(() => host.Relay.ConfirmAsync(new ConfirmRequest { Consumer = consumer, System = system, Positions = { positions } }, deadline: Soon())));

        await RefusedAsync("consumer has 0 characters; allowed: 1 to 249.", "");
        await RefusedAsync("consumer has 250 characters; allowed: 1 to 249.", new string('x', 250));
        foreach (var name in (string[])["none", "a,b", "a\nb", " a"])
        {
            await RefusedAsync(
                "consumer can't be a name like this; allowed: no commas, no control characters, no blanks at its ends, and not 'none'.", name);
        }

        await RefusedAsync("positions[0].shard is -1; allowed: 0 to 1.", "totals", new Position { Shard = -1 });
        await RefusedAsync("positions[1].shard is 2; allowed: 0 to 1.", "totals", new Position(), new Position { Shard = 2 });
        await RefusedAsync("positions[1].shard is 1 for the second time; allowed: each shard once.", "totals", new Position { Shard = 1 }, new Position { Shard = 1 });
        await RefusedAsync("positions[0].epoch is -1; allowed: 0 to 4611686018427387903.", "totals", new Position { Epoch = -1 });
        await RefusedAsync(
            "positions[0].epoch is 9223372036854775807; allowed: 0 to 4611686018427387903.", "totals", new Position { Epoch = long.MaxValue });
        await RefusedAsync("positions[0].sequence is -7; allowed: 0 to 4611686018427387903.", "totals", new Position { Sequence = -7 });

        Assert.Equal(
            (StatusCode.InvalidArgument, "system has 0 bytes; allowed: 16."),
            await RefusalAsync(() => host.Relay.ConfirmAsync(new ConfirmRequest { Consumer = "totals" }, deadline: Soon())));
        var (code, words) = await RefusalAsync(
            () => host.Relay.ConfirmAsync(new ConfirmRequest { Consumer = "totals", System = ByteString.CopyFrom(new byte[16]) }, deadline: Soon()));
        Assert.Equal(
            (StatusCode.InvalidArgument, $"system is {Guid.Empty}; allowed: {new Guid(system.Span, bigEndian: true)}, which is this outbox."), (code, words));
        Assert.Equal(0L, await host.QueryAsync<long>("SELECT count(*) FROM outbox.consumers"));
    }

    [KafkaTheory]
    [InlineData("--Outbox:Retention=1.00:00:00", "totals")]
    [InlineData("--Outbox:Consumers=totals,billing", "totals,billing")]
    [InlineData("--Outbox:Consumers=none", "none")]
    public async Task Totals_must_hold_what_is_dropped_unless_it_is_set_otherwise(string setting, string consumers)
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString, setting);

        Assert.Equal(consumers, host.Consumers);
    }

    [KafkaFact]
    public async Task What_was_trimmed_is_refused_with_what_is_left()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString);
        await host.AddAsync("40", "2");
        await host.AddAsync("40", "2");
        await host.AddAsync("40", "2");
        await using (var trim = host.Database.CreateCommand("INSERT INTO outbox.trimmed SELECT 0, 2, 2, epoch, '84' FROM outbox.shards"))
        {
            await trim.ExecuteNonQueryAsync();
        }

        Assert.Equal(2, (await PositionsAsync(host)).Shards.Single().Trimmed);
        Assert.Equal(
            (StatusCode.OutOfRange, "Shard 0 has no result 2 any more, since it was trimmed; allowed: 3 to 3."),
            await RefusalAsync(() => host.Relay.RewindAsync(new Position { Sequence = 2 }, deadline: Soon())));
        Assert.Equal(
            (StatusCode.OutOfRange, "Shard 0 has no result 4; allowed: 3 to 3."),
            await RefusalAsync(() => host.Relay.RewindAsync(new Position { Sequence = 4 }, deadline: Soon())));
        Assert.Equal(
            (StatusCode.NotFound, "Shard 0 holds no result 2 any more, since it was trimmed; the lowest that is left is 3."),
            await RefusalAsync(() => host.Relay.GetResultAsync(new Position { Sequence = 2 }, deadline: Soon())));
        Assert.Equal(
            (StatusCode.FailedPrecondition, "Where shard 0 left epoch 1 was trimmed; the lowest result that is left is 3."),
            await RefusalAsync(() => host.Relay.GetBranchAsync(new Position { Epoch = 1 }, deadline: Soon())));
        await host.Relay.RewindAsync(new Position { Sequence = 3 }, deadline: Soon());
    }

    [KafkaFact]
    public async Task Without_the_database_nobody_knows_and_that_is_said()
    {
        await using var host = await CalculatorHost.StartUnreadyAsync(
            environment.Kafka, "Host=127.0.0.1;Port=1;Username=nobody;Database=none;Timeout=2");

        Assert.Equal(
            (StatusCode.Unavailable, "The outbox's database can't be reached; try again later."),
            await RefusalAsync(() => host.Relay.GetPositionsAsync(new GetPositionsRequest(), deadline: Soon())));
        Assert.Equal(
            StatusCode.Unavailable, (await RefusalAsync(() => host.Relay.RewindAsync(new Position { Sequence = 1 }, deadline: Soon()))).Code);
    }

    private static DateTime Soon() => CalculatorHost.Deadline(CalculatorHost.Soon);

    private static async Task<GetPositionsReply> PositionsAsync(CalculatorHost host) =>
        await host.Relay.GetPositionsAsync(new GetPositionsRequest(), deadline: Soon());

    private static async Task<ConfirmRequest> ConfirmationAsync(CalculatorHost host, string consumer, params Position[] held) =>
        new() { Consumer = consumer, System = (await PositionsAsync(host)).System, Positions = { held } };

    private static async Task<(Position Last, string Total)> BranchAsync(CalculatorHost host, Position at)
    {
        var branch = await host.Relay.GetBranchAsync(at, deadline: Soon());
        return (branch.LastCommon, branch.ShardTotal);
    }

    private static async Task<(StatusCode Code, string Message)> RefusalAsync<T>(Func<AsyncUnaryCall<T>> call)
    {
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await call());
        return (refusal.StatusCode, refusal.Status.Detail);
    }
}
