using System.Text.Json;
using Grpc.Core;
using Npgsql;
using Tally.Contracts.V1;
using Tally.Inbox;
using Tally.TestSupport;
using Tally.Totals.Serving;
using Tally.Totals.Tests.Support;

namespace Tally.Totals.Tests.Serving;

/// <summary>What <c>/api/status</c> says, and what the history keeps.</summary>
[Collection(TotalsCollection.Name)]
public sealed class StatusTests(TestEnvironment environment)
{
    [KafkaFact]
    public async Task The_status_names_total_shards_and_troubles()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync();
        using var source = new SumSource(environment.Kafka, topic, 1);
        await source.SendAsync(0, [1], [2]);
        await source.SendAsync(0, 40);
        await source.SendAsync(3, 2.5m);
        using var late = new SumSource(environment.Kafka, topic, 1);
        await using var host = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString);
        await Eventually.TrueAsync(async () => (await host.StatusAsync()).GetProperty("count").GetInt64() == 2, TotalsHost.Soon);

        Assert.Equal(
            """
            {"total":"42.5","count":2,"duplicates_suppressed":0,"gaps":0,"quarantined":1,"adopted":{"count":0,"sum":"0"},"history":null,"shards":[{"shard":0,"epoch":1,"sequence":1,"total":"40","count":1,"state":"ok","reason":null},{"shard":3,"epoch":1,"sequence":1,"total":"2.5","count":1,"state":"ok","reason":null}]}
            """,
            (await host.GetAsync("/api/status")).Text);
        var metrics = (await host.GetAsync("/metrics")).Text;
        Assert.Contains("\ntally_totals_value 42.5\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\ntally_totals_results 2\n", metrics, StringComparison.Ordinal);

        // The same again is a replay; a sequence that is left out is a gap.
        await late.SendAsync(0, 40);
        late.Skip(3, 2, 3.5m);
        await late.SendAsync(3, 1);
        await Eventually.TrueAsync(async () => (await host.StatusAsync()).GetProperty("gaps").GetInt32() == 1, TotalsHost.Soon);
        var status = await host.StatusAsync();
        Assert.Equal(1, status.GetProperty("duplicates_suppressed").GetInt64());
        var shard = status.GetProperty("shards")[1];
        Assert.Equal("gap", shard.GetProperty("state").GetString());
        Assert.Contains("sequence 2 is missing", shard.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Contains("tally_inbox_gaps", (await host.GetAsync("/metrics")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trouble_of_before_an_adoption_is_over_though_this_instance_does_not_know_yet()
    {
        ShardPosition<Amount> adopted = new(0, 1, 7, 30, 30, Amount.Zero), other = new(1, 0, 7, 30, 30, Amount.Zero);
        ShardTrouble[] troubles =
        [
            new(0, ShardTroubleKind.Fork, "of before"),
            new(1, ShardTroubleKind.Fork, "still there"),
            new(2, ShardTroubleKind.Damaged, "before its first fold"),
        ];

        Assert.Equal([1, 2], StatusEndpoint.StillOf([adopted, other], troubles).Select(trouble => trouble.Shard));
        Assert.Equal([0], StatusEndpoint.StillOf([adopted], [troubles[0] with { Generation = 1 }]).Select(trouble => trouble.Shard));
    }

    [KafkaFact]
    public async Task The_history_keeps_each_result_once_in_the_same_commit()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync();
        using var source = new SumSource(environment.Kafka, topic, 1);
        for (var round = 1; round <= 3; round++)
        {
            await using var host = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString, "--Totals:History=table");
            await source.SendAsync(0, 0.5m);
            var last = await source.SendAsync(0, -1);
            await host.Client.GetTotalAsync(new GetTotalRequest { AtLeast = { last } }, deadline: TotalsHost.Deadline(TotalsHost.Soon));

            var history = (await host.StatusAsync()).GetProperty("history");
            Assert.Equal((2 * round, $"{-0.5m * round:0.#}"), (history.GetProperty("count").GetInt64(), history.GetProperty("sum").GetString()));
        }

        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT string_agg(shard || ':' || sequence || '=' || value::float8, ' ' ORDER BY sequence) FROM totals.totals_history", connection);
        Assert.Equal("0:1=0.5 0:2=-1 0:3=0.5 0:4=-1 0:5=0.5 0:6=-1", await command.ExecuteScalarAsync());
    }

    [KafkaFact]
    public async Task A_history_that_begins_later_or_begins_again_says_what_it_does_not_hold()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync();
        using var source = new SumSource(environment.Kafka, topic, 1);
        var seen = new List<string>();
        foreach (var kind in (string[])["off", "table", "table", "log", "table"])
        {
            await using var host = await TotalsHost.StartAsync(environment.Kafka, topic, database.ConnectionString, $"--Totals:History={kind}");
            Position[] sent = [await source.SendAsync(0, 0.5m), await source.SendAsync(3, 1)];
            await host.Client.GetTotalAsync(new GetTotalRequest { AtLeast = { sent } }, deadline: TotalsHost.Deadline(TotalsHost.Soon));
            var status = await host.StatusAsync();
            seen.Add(kind == "table" ? $"{Text(status, "history")} + {Text(status, "history_before")} of {status.GetProperty("total")}" : kind);
        }

        Assert.Equal(["off", "2:1.5 + 2:1.5 of 3", "4:3 + 2:1.5 of 4.5", "log", "6:4.5 + 4:3 of 7.5"], seen);

        static string Text(JsonElement status, string name) => $"{status.GetProperty(name).GetProperty("count")}:{status.GetProperty(name).GetProperty("sum")}";
    }

    [KafkaFact]
    public async Task A_result_that_the_history_holds_already_is_never_folded_again()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync();
        using var source = new SumSource(environment.Kafka, topic, 1);
        await using var host = await TotalsHost.StartAsync(
            environment.Kafka, topic, database.ConnectionString, "--Totals:History=table", "--Inbox:MaxRetryPause=00:00:00.1");
        await using (var connection = new NpgsqlConnection(database.ConnectionString))
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("INSERT INTO totals.totals_history VALUES (0, 1, 1, 7, now())", connection);
            await command.ExecuteNonQueryAsync();
        }

        var sent = await source.SendAsync(0, 7);
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await host.Client.GetTotalAsync(
            new GetTotalRequest { AtLeast = { sent } }, deadline: TotalsHost.Deadline(TimeSpan.FromSeconds(2))));

        Assert.Equal(StatusCode.DeadlineExceeded, refusal.StatusCode);
        Assert.Equal(0, (await host.StatusAsync()).GetProperty("count").GetInt64());
        await Eventually.TrueAsync(async () => (await host.GetAsync("/readyz")).Code == 503, TotalsHost.Soon);
    }
}
