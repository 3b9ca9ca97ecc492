using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Tally.Contracts.V1;
using Tally.TestSupport;
using Tally.Totals.Tests.Support;

namespace Tally.Totals.Tests.Repairing;

/// <summary>Totals asks Calculators and serves operators: over real gRPC, Kafka and PostgreSQL.</summary>
[Collection(TotalsCollection.Name)]
public sealed class RepairTests(TestEnvironment environment)
{
    [KafkaFact]
    public async Task What_Kafka_lost_is_asked_for_at_a_Calculator_that_answers()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync();
        using var source = new SumSource(environment.Kafka, topic, 1);
        await using var calculator = await FakeCalculator.StartAsync(source);
        await calculator.SendAsync(calculator.Store(40));
        calculator.Store(2);
        calculator.Store(0.5m);
        await using var host = await TotalsHost.StartAsync(
            environment.Kafka, topic, database.ConnectionString, $"--Totals:Calculators=http://127.0.0.1:1, {calculator.Address}");

        await CountAsync(host, 3);

        Assert.Equal("42.5", (await host.StatusAsync()).GetProperty("total").GetString());
        Assert.Equal(1, calculator.Rewinds);
    }

    [KafkaFact]
    public async Task A_Calculator_is_told_what_is_held_durably()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync();
        using var source = new SumSource(environment.Kafka, topic, 1);
        await using var calculator = await FakeCalculator.StartAsync(source);
        await using var host = await TotalsHost.StartAsync(
            environment.Kafka, topic, database.ConnectionString, $"--Totals:Calculators=http://127.0.0.1:1, {calculator.Address}");
        await calculator.SendAsync(calculator.Store(40));
        await calculator.SendAsync(calculator.Store(2));

        await Eventually.TrueAsync(() => calculator.Confirmed.LastOrDefault()?.Positions is [{ Sequence: 2 }], TotalsHost.Soon);

        var last = calculator.Confirmed.Last();
        Assert.Equal(($"totals-{topic}", calculator.Stored[0].System), (last.Consumer, last.System));
        Assert.Equal(new Position { Epoch = 1, Sequence = 2 }, Assert.Single(last.Positions));
    }

    [KafkaFact]
    public async Task A_fork_is_adopted_twice_and_named_by_the_status()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync();
        using var source = new SumSource(environment.Kafka, topic, 1);
        await using var calculator = await FakeCalculator.StartAsync(source);
        await using var host = await TotalsHost.StartAsync(
            environment.Kafka, topic, database.ConnectionString, $"--Totals:Calculators={calculator.Address}", "--Totals:History=table");
        foreach (var value in new[] { 1m, 20, 300 })
        {
            await calculator.SendAsync(calculator.Store(value));
        }

        await CountAsync(host, 3);
        calculator.Restore(keeping: 1);
        await calculator.SendAsync(calculator.Store(4000));
        await StateAsync(host, "fork");
        var first = await host.Repair.AdoptForkAsync(new AdoptForkRequest { Shard = 0 });
        Assert.Equal((2L, "320", 1L, 11L, true), (first.AdoptedCount, first.AdoptedSum, first.LastCommon.Sequence, first.LastCommon.Epoch, first.RewindRequested));
        await CountAsync(host, 4);

        // Nothing was stored since this restore: Totals is ahead, that's all there is to see.
        calculator.Restore(keeping: 0);
        await StateAsync(host, "fork");
        var second = await host.Repair.AdoptForkAsync(new AdoptForkRequest { Shard = 0 });
        Assert.Equal((2L, "4001", 0L), (second.AdoptedCount, second.AdoptedSum, second.LastCommon.Sequence));
        await calculator.SendAsync(calculator.Store(50_000));
        await CountAsync(host, 5);

        var status = await host.StatusAsync();
        Assert.Equal("54321", status.GetProperty("total").GetString());
        Assert.Equal("""{"count":4,"sum":"4321"}""", status.GetProperty("adopted").GetRawText());
        Assert.Equal("""{"count":5,"sum":"54321"}""", status.GetProperty("history").GetRawText());
        Assert.Equal("ok", status.GetProperty("shards")[0].GetProperty("state").GetString());
        Assert.Equal("54321", (await host.Client.GetTotalAsync(new GetTotalRequest())).Total_);
        var refusal = await RefusedAsync(() => host.Repair.AdoptForkAsync(new AdoptForkRequest { Shard = 0 }));
        Assert.Equal(StatusCode.FailedPrecondition, refusal);
        Assert.Equal(StatusCode.OutOfRange, await RefusedAsync(() => host.Repair.AdoptForkAsync(new AdoptForkRequest { Shard = 1 })));
        Assert.Equal(StatusCode.OutOfRange, await RefusedAsync(() => host.Repair.AdoptForkAsync(new AdoptForkRequest { Shard = 5000 })));
    }

    [KafkaFact]
    public async Task A_history_that_begins_after_a_fork_was_adopted_counts_what_was_before_with_what_was_given_up()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync();
        using var source = new SumSource(environment.Kafka, topic, 1);
        await using var calculator = await FakeCalculator.StartAsync(source);
        await using (var host = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString, $"--Totals:Calculators={calculator.Address}"))
        {
            await calculator.SendAsync(calculator.Store(1));
            await calculator.SendAsync(calculator.Store(20));
            await CountAsync(host, 2);
            calculator.Restore(keeping: 1);
            await calculator.SendAsync(calculator.Store(300));
            await StateAsync(host, "fork");
            await host.Repair.AdoptForkAsync(new AdoptForkRequest { Shard = 0 });
            await CountAsync(host, 3);
        }

        await using var second = await TotalsHost.StartAsync(
            environment.Kafka, topic, database.ConnectionString, $"--Totals:Calculators={calculator.Address}", "--Totals:History=table");
        await calculator.SendAsync(calculator.Store(4000));
        await CountAsync(second, 4);

        var status = await second.StatusAsync();
        Assert.Equal("4321", status.GetProperty("total").GetString());
        Assert.Equal("""{"count":1,"sum":"4000"}""", status.GetProperty("history").GetRawText());
        Assert.Equal("""{"count":3,"sum":"321"}""", status.GetProperty("history_before").GetRawText());
    }

    [KafkaFact]
    public async Task A_damaged_event_with_a_huge_epoch_is_quarantined_listed_and_discarded()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync();
        using var source = new SumSource(environment.Kafka, topic, 1);
        await using var calculator = await FakeCalculator.StartAsync(source);
        await calculator.SendAsync(calculator.Store(1));
        var wrong = calculator.Stored[0].Clone();
        wrong.Epoch = long.MaxValue / 2;
        await calculator.SendAsync(wrong);
        await calculator.SendAsync(calculator.Store(2));
        await using var host = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString, $"--Totals:Calculators={calculator.Address}");
        await CountAsync(host, 2);
        await Eventually.TrueAsync(async () => (await host.StatusAsync()).GetProperty("quarantined").GetInt64() == 1, TotalsHost.Soon);

        var message = Assert.Single((await host.Repair.ListQuarantineAsync(new ListQuarantineRequest())).Messages);
        Assert.Equal((topic, 0, 1L, "0"), (message.Topic, message.Partition, message.Offset, message.Key.ToStringUtf8()));
        Assert.Equal(wrong, SumComputed.Parser.ParseFrom(message.Value));
        Assert.Contains("the event is damaged", message.Reason, StringComparison.Ordinal);
        Assert.True(Guid.TryParse(message.TopicId, out _));
        Assert.InRange(message.QuarantinedAtUnixMicros, 1_700_000_000_000_000, 4_000_000_000_000_000);
        Assert.Empty((await host.Repair.ListQuarantineAsync(new ListQuarantineRequest { AfterId = message.Id })).Messages);

        Assert.Equal("fork", (await host.Repair.ReplayQuarantinedAsync(new ReplayQuarantinedRequest { Id = message.Id })).Outcome);
        Assert.Equal(StatusCode.InvalidArgument, await RefusedAsync(() => host.Repair.DiscardQuarantinedAsync(new DiscardQuarantinedRequest { Id = message.Id, Why = " " })));
        await host.Repair.DiscardQuarantinedAsync(new DiscardQuarantinedRequest { Id = message.Id, Why = "bit rot" });

        var shown = await host.Repair.ShowQuarantinedAsync(new ShowQuarantinedRequest { Id = message.Id });
        Assert.Equal(["replay: fork", "discard: bit rot"], shown.Actions.Select(action => $"{action.Action}: {action.Why}"));
        Assert.Equal(0, (await host.StatusAsync()).GetProperty("quarantined").GetInt64());
        Assert.Equal(StatusCode.FailedPrecondition, await RefusedAsync(() => host.Repair.ReplayQuarantinedAsync(new ReplayQuarantinedRequest { Id = message.Id })));
        Assert.Equal(StatusCode.NotFound, await RefusedAsync(() => host.Repair.ShowQuarantinedAsync(new ShowQuarantinedRequest { Id = 99 })));
        Assert.Equal(StatusCode.NotFound, await RefusedAsync(() => host.Repair.DiscardQuarantinedAsync(new DiscardQuarantinedRequest { Id = 99, Why = "x" })));
        Assert.Equal(StatusCode.InvalidArgument, await RefusedAsync(() => host.Repair.ListQuarantineAsync(new ListQuarantineRequest { Limit = 1001 })));
    }

    [KafkaFact]
    public async Task A_message_that_is_the_next_one_now_is_folded_by_a_replay()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync();
        using var source = new SumSource(environment.Kafka, topic, 1);
        await using var calculator = await FakeCalculator.StartAsync(source);
        var sum = calculator.Store(7);
        await source.SendAsync(0, Encoding.UTF8.GetBytes("1"), sum.ToByteArray());
        await using var host = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString);
        await Eventually.TrueAsync(async () => (await host.StatusAsync()).GetProperty("quarantined").GetInt64() == 1, TotalsHost.Soon);
        var id = (await host.Repair.ListQuarantineAsync(new ListQuarantineRequest())).Messages[0].Id;
        Assert.StartsWith("still poison: the key is not the shard", (await host.Repair.ReplayQuarantinedAsync(new ReplayQuarantinedRequest { Id = id })).Outcome, StringComparison.Ordinal);

        // What was wrong is mended where it lies.
        await using (var connection = new Npgsql.NpgsqlConnection(database.ConnectionString))
        {
            await connection.OpenAsync();
            await using var command = new Npgsql.NpgsqlCommand("UPDATE inbox.quarantine SET key = '0'", connection);
            await command.ExecuteNonQueryAsync();
        }

        Assert.Equal("folded", (await host.Repair.ReplayQuarantinedAsync(new ReplayQuarantinedRequest { Id = id })).Outcome);
        await CountAsync(host, 1);
        await calculator.SendAsync(calculator.Store(8));
        await CountAsync(host, 2);
    }

    [KafkaFact]
    public async Task Without_Calculators_nothing_is_repaired_and_that_is_said()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync();
        await using var host = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString);

        Assert.Equal(StatusCode.Unavailable, await RefusedAsync(() => host.Repair.AdoptForkAsync(new AdoptForkRequest())));
        Assert.Contains("Totals:Calculators is empty", (await host.GetAsync("/readyz")).Text, StringComparison.Ordinal);
    }

    private static async Task<StatusCode> RefusedAsync<T>(Func<AsyncUnaryCall<T>> call)
    {
        using var running = call();
        return (await Assert.ThrowsAsync<RpcException>(async () => await running)).StatusCode;
    }

    private static Task CountAsync(TotalsHost host, long count) =>
        Eventually.TrueAsync(async () => (await host.StatusAsync()).GetProperty("count").GetInt64() == count, TotalsHost.Soon);

    private static Task StateAsync(TotalsHost host, string state) =>
        Eventually.TrueAsync(async () => (await host.StatusAsync()).GetProperty("shards")[0].GetProperty("state").GetString() == state, TotalsHost.Soon);
}
