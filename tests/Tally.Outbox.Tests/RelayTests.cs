using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Options;
using Tally.Outbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Outbox.Tests;

[Collection(PostgresCollection.Name)]
public sealed class RelayTests(TestEnvironment environment)
{
    [KafkaFact]
    public async Task What_is_committed_is_published_in_the_order_of_its_shard()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(partitions: 2);
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, Relaying);

        var positions = await Task.WhenAll(Enumerable.Range(0, 500).Select(number => host.AppendAsync($"{number}", topic: topic)));

        var published = environment.Consume(topic, 500);
        foreach (var shard in positions.GroupBy(position => position.Shard))
        {
            Assert.Equal(await host.ReadAsync(shard.Key), published.Where(message => message.Key == $"{shard.Key}").Select(message => message.Value));
        }

        await RelayedAsync(host);
    }

    [KafkaFact]
    public async Task What_memory_leaves_out_comes_from_the_table_in_the_same_order()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(partitions: 1);
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options =>
        {
            Relaying(options);
            options.Shards = 1;
            options.HandOffCapacity = 3;
            options.MaxInFlight = 7;
        });

        await Task.WhenAll(Enumerable.Range(0, 2_000).Select(number => host.AppendAsync($"{number}", topic: topic)));

        Assert.Equal(await host.ReadAsync(0), environment.Consume(topic, 2_000).Select(message => message.Value));
        await RelayedAsync(host);
    }

    [KafkaFact]
    public async Task What_was_stored_while_nothing_relayed_is_published_by_the_next_process()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(partitions: 1);
        await using (var storing = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 1))
        {
            await Task.WhenAll(Enumerable.Range(0, 300).Select(number => storing.AppendAsync($"{number}", topic: topic)));
        }

        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options =>
        {
            Relaying(options);
            options.Shards = 1;
        });
        await host.AppendAsync("the last", topic: topic);

        Assert.Equal(await host.ReadAsync(0), environment.Consume(topic, 301).Select(message => message.Value));
    }

    [KafkaFact]
    public async Task Results_wait_in_the_table_for_a_topic_that_does_not_exist_yet()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = $"later-{Guid.NewGuid():n}";
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, Relaying);
        using var failures = host.Count("tally.outbox.publish.failures");
        var position = await host.AppendAsync("a", topic: topic);
        await Eventually.TrueAsync(
            () => failures.Value > 0 && host.Status.Reason == $"ready; Kafka has no topic '{topic}', for which results wait (shard {position.Shard})", OutboxHost.Soon);

        await environment.CreateTopicAsync(partitions: 1, topic);

        Assert.Equal(["a"], environment.Consume(topic, 1).Select(message => message.Value));
        Assert.Equal("ready", host.Status.Reason);
    }

    [KafkaFact]
    public async Task What_is_relayed_of_a_new_history_is_noted_also_where_it_has_the_numbers_of_the_lost_one()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(partitions: 1);
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options =>
        {
            Relaying(options);
            options.Shards = 1;
        });
        await host.AppendAsync("1", topic: topic);
        await RelayedAsync(host);
        var copy = await database.CopyAsync();
        await OutboxHost.AppendWhenOpenAsync(() => host.AppendAsync("lost", topic: topic));
        await RelayedAsync(host);

        await copy.PutBackAsync();
        var second = await OutboxHost.AppendWhenOpenAsync(() => host.AppendAsync("2", topic: topic));

        Assert.Equal(2, second.Sequence);
        await RelayedAsync(host);
        Assert.Equal(["1", "lost", "2"], environment.Consume(topic, 3).Select(message => message.Value));
    }

    [KafkaFact]
    public async Task A_shard_whose_results_are_missing_stops_visibly_and_the_others_go_on()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(partitions: 2);
        await using (var storing = await OutboxHost.StartAsync(database.ConnectionString))
        {
            for (var number = 0; number < 20; number++)
            {
                await storing.AppendAsync($"{number}", orderingKey: $"{number}", topic: topic);
            }

            await storing.ExecuteAsync("DELETE FROM outbox.outbox_batches WHERE shard = 1 AND first_sequence = 2");
        }

        await using var host = await OutboxHost.StartUnreadyAsync(database.ConnectionString, Relaying);

        await Eventually.TrueAsync(
            () => Task.FromResult(host.Status is { IsReady: true, OwnedShards: 1, Reason: "ready; shard 1 is stopped: result 2 is missing in the outbox table" }),
            OutboxHost.Soon);
        var position = await host.AppendAsync("goes on", topic: topic);
        Assert.Equal(0, position.Shard);
        var refused = await Assert.ThrowsAsync<OutboxException>(async () =>
        {
            for (var key = 0; key < 20; key++)
            {
                await host.AppendAsync("refused", orderingKey: $"{key}", topic: topic);
            }
        });
        Assert.Equal(OutboxFault.Unavailable, refused.Fault);
        await Eventually.TrueAsync(
            async () => (await host.Reader.GetPositionsAsync()) is [var healthy, { Relayed: 1 }] && healthy.Relayed == healthy.Sequence, OutboxHost.Soon);
    }

    [KafkaFact]
    public async Task A_rewind_publishes_again_from_there_and_is_cleared_once_acknowledged()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(partitions: 1);
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options =>
        {
            Relaying(options);
            options.Shards = 1;
        });
        for (var number = 1; number <= 10; number++)
        {
            await host.AppendAsync($"{number}", topic: topic);
        }

        await RelayedAsync(host);
        await host.Relay.RewindAsync(0, 8);
        await host.Relay.RewindAsync(0, 4);
        await NotRewindingAsync(host);
        await host.AppendAsync("11", topic: topic);

        var published = environment.Consume(topic, 18).ConvertAll(message => message.Value);
        Assert.Equal(["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "4", "5", "6", "7", "8", "9", "10", "11"], published);
    }

    [KafkaFact]
    public async Task A_rewind_outlives_the_instance_that_was_to_do_it()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(partitions: 1);
        await using (var storing = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 1))
        {
            await storing.AppendAsync("1", topic: topic);
            await storing.AppendAsync("2", topic: topic);
            await storing.ExecuteAsync("UPDATE outbox.progress SET relayed = 2");
            await storing.Relay.RewindAsync(0, 1);
            Assert.Equal(1, Assert.Single(await storing.Reader.GetPositionsAsync()).RewindingFrom);
        }

        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options =>
        {
            Relaying(options);
            options.Shards = 1;
        });

        Assert.Equal(["1", "2"], environment.Consume(topic, 2).Select(message => message.Value));
        await NotRewindingAsync(host);
    }

    [KafkaTheory]
    [InlineData(0, 0, "Shard 0 has no result 0; allowed: 1 to 1.")]
    [InlineData(0, 2, "Shard 0 has no result 2; allowed: 1 to 1.")]
    [InlineData(1, 1, "There is no shard 1; allowed: 0 to 0.")]
    public async Task A_rewind_to_nowhere_is_refused(int shard, long sequence, string why)
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options => options.Shards = 1);
        await host.AppendAsync("1");

        var refused = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => host.Relay.RewindAsync(shard, sequence));

        Assert.StartsWith(why, refused.Message, StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task A_message_that_the_broker_will_never_take_stops_its_shard_visibly()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(partitions: 1);
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options =>
        {
            Relaying(options);
            options.Shards = 1;
            options.Kafka.Settings["message.max.bytes"] = "1000";
        });

        await host.AppendAsync(new string('x', 2_000), topic: topic);

        await Eventually.TrueAsync(
            () => Task.FromResult(!host.Status.IsReady && host.Status.Reason.Contains("shard 0 is stopped", StringComparison.Ordinal)), OutboxHost.Soon);
        await Assert.ThrowsAsync<OutboxException>(() => host.AppendAsync("refused", topic: topic));
    }

    [KafkaFact]
    public async Task What_the_broker_refuses_is_never_counted_as_relayed()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(partitions: 1);
        await LimitMessagesAsync(topic, bytes: 1_000);
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options =>
        {
            Relaying(options);
            options.Shards = 1;
        });
        await host.AppendAsync("small", topic: topic);
        await RelayedAsync(host);
        using var failed = host.Count("tally.outbox.deliveries.failed");

        await host.AppendAsync(new string('x', 2_000), topic: topic);

        await Eventually.TrueAsync(() => Task.FromResult(host.Status.Reason.Contains("shard 0 is stopped", StringComparison.Ordinal)), OutboxHost.Soon);
        Assert.Equal(1, failed.Value);
        Assert.Equal(1, await host.QueryAsync<long>("SELECT relayed FROM outbox.progress"));
    }

    [KafkaFact]
    public async Task What_one_topic_acknowledges_says_nothing_about_another_of_the_same_shard()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var (missing, there) = ($"later-{Guid.NewGuid():n}", await environment.CreateTopicAsync(partitions: 1));
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options =>
        {
            Relaying(options);
            options.Shards = 1;
        });
        await host.AppendAsync("1", topic: there);
        await RelayedAsync(host);

        await host.AppendAsync("2", topic: missing);
        await host.AppendAsync("3", topic: there);
        await Eventually.TrueAsync(async () => await host.QueryAsync<long>("SELECT relayed FROM outbox.progress") == 1, OutboxHost.Soon);
        await environment.CreateTopicAsync(partitions: 1, missing);

        Assert.Equal(["2"], environment.Consume(missing, 1).Select(message => message.Value));
        Assert.Equal(["1", "3"], environment.Consume(there, 2).Select(message => message.Value));
        await RelayedAsync(host);
    }

    [KafkaTheory]
    [InlineData("acks", "1", "Outbox:Kafka:Settings:acks is '1'; allowed: all")]
    [InlineData("enable.idempotence", "false", "Outbox:Kafka:Settings:enable.idempotence is 'false'; allowed: true")]
    [InlineData("message.timeout.ms", "1000", "Outbox:Kafka:Settings:message.timeout.ms is '1000'; allowed: 0")]
    [InlineData("delivery.report.only.error", "true", "Outbox:Kafka:Settings:delivery.report.only.error is 'true'; allowed: false")]
    [InlineData("no.such.setting", "1", "Outbox:Kafka:Settings is refused by librdkafka: ")]
    public async Task A_setting_of_Kafka_that_would_break_a_promise_stops_the_start(string name, string value, string why)
    {
        await using var database = await environment.CreateDatabaseAsync();

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => OutboxHost.StartUnreadyAsync(database.ConnectionString, options =>
        {
            Relaying(options);
            options.Kafka.Settings[name] = value;
        }));

        Assert.StartsWith(why, refused.Message, StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task A_topic_that_would_keep_only_the_last_of_each_shard_is_named()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(partitions: 1);
        await SetAsync(topic, "cleanup.policy", "compact");
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, Relaying);
        await host.AppendAsync("1", topic: topic);

        await Eventually.TrueAsync(
            () => host.Status.Reason == $"ready; topic '{topic}' has cleanup.policy=compact, which keeps only the last event of each shard; set it to delete", OutboxHost.Soon);
    }

    [KafkaFact]
    public async Task A_topic_that_will_be_published_to_is_looked_at_before_anything_is()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = await environment.CreateTopicAsync(partitions: 1);
        await SetAsync(topic, "cleanup.policy", "compact");
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options =>
        {
            Relaying(options);
            options.Topics = topic;
        });

        await Eventually.TrueAsync(() => host.Status.Reason.Contains($"topic '{topic}' has cleanup.policy=compact", StringComparison.Ordinal), OutboxHost.Soon);
    }

    private Task LimitMessagesAsync(string topic, int bytes) => SetAsync(topic, "max.message.bytes", $"{bytes}");

    private async Task SetAsync(string topic, string name, string value)
    {
        var settings = new AdminClientConfig(new Dictionary<string, string>(environment.Kafka.Settings)) { BootstrapServers = environment.Kafka.BootstrapServers };
        Kafka.Librdkafka.Load(environment.Kafka);
        using var admin = new AdminClientBuilder(settings).Build();
        var limit = new ConfigEntry { Name = name, Value = value, IncrementalOperation = AlterConfigOpType.Set };
        await admin.IncrementalAlterConfigsAsync(new() { [new ConfigResource { Type = ResourceType.Topic, Name = topic }] = [limit] });
    }

    private static Task RelayedAsync(OutboxHost host) => Eventually.TrueAsync(
        async () => (await host.Reader.GetPositionsAsync()).All(shard => shard.Relayed == shard.Sequence), OutboxHost.Soon);

    private static Task NotRewindingAsync(OutboxHost host) => Eventually.TrueAsync(
        async () => (await host.Reader.GetPositionsAsync()).All(shard => shard.RewindingFrom == 0), OutboxHost.Soon);

    private void Relaying(OutboxOptions options)
    {
        options.RelayEnabled = true;
        environment.Kafka.CopyTo(options.Kafka);
    }
}
