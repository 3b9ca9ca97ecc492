using Tally.Inbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Consuming;

/// <summary>From a real Kafka into a real PostgreSQL.</summary>
[Collection(RealSystemCollection.Name)]
public sealed class ConsumingTests(TestEnvironment environment)
{
    [KafkaFact]
    public async Task What_is_sent_is_folded_once_whoever_is_restarted()
    {
        await using var world = await World.CreateAsync(environment);
        NumberHistory[] histories = [new(0), new(1), new(2)];
        for (var round = 0; round < 4; round++)
        {
            foreach (var history in histories)
            {
                var had = history.Events.Count;
                history.NewEpoch().Add(1, 2, 3, 4, 5);
                await world.SendAsync(history.Events.Skip(had));
            }

            var instance = await world.StartAsync();
            await world.FoldedAsync(histories);
            Assert.Equal(0, instance.Status.DuplicatesSuppressed);
            await instance.StopAsync();
        }
    }

    [KafkaFact]
    public async Task Replays_are_skipped_and_counted()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory().Add(1, 2, 3);
        await world.SendAsync([.. history.Events, .. history.Events]);
        await world.SendAsync(history.Add(4).Events);
        var instance = await world.StartAsync();

        await world.FoldedAsync(history);

        await Eventually.TrueAsync(() => instance.Status.DuplicatesSuppressed == 6, Store.Soon);
    }

    [KafkaFact]
    public async Task Garbage_among_good_events_is_kept_with_its_place_and_stops_nothing()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory().Add(1, 2, 3);
        await world.SendAsync(0, [], [7, 7]);
        await world.SendAsync(history.Events.Take(2));
        await world.SendAsync(0, [1], [8]);
        await world.SendAsync(history.Events.Skip(2));
        var first = await world.StartAsync();
        await world.FoldedAsync(history);
        Assert.Equal(2, await first.Inbox.CountQuarantinedAsync(CancellationToken.None));

        // Read again by one that starts from the beginning: not kept twice.
        await world.Store.ExecuteAsync("UPDATE inbox.folds SET next_offset = 0");
        await first.StopAsync();
        var second = await world.StartAsync();
        await Eventually.TrueAsync(() => second.Status.DuplicatesSuppressed == 3, Store.Soon);

        Assert.Equal(2, await second.Inbox.CountQuarantinedAsync(CancellationToken.None));
        Assert.Equal(
            "0/0 0/3",
            await world.Store.QueryAsync<string>("SELECT string_agg(partition || '/' || \"offset\", ' ' ORDER BY \"offset\") FROM inbox.quarantine"));
    }

    [KafkaFact]
    public async Task Only_garbage_is_kept_too()
    {
        await using var world = await World.CreateAsync(environment);
        await world.SendAsync(1, [1], [8]);
        var instance = await world.StartAsync();
        await instance.ReadyAsync();

        await Eventually.TrueAsync(async () => await instance.Inbox.CountQuarantinedAsync(CancellationToken.None) == 1, Store.Soon);
    }

    [KafkaFact]
    public async Task Instances_share_the_partitions_and_take_over_from_each_other()
    {
        await using var world = await World.CreateAsync(environment);
        NumberHistory[] histories = [new NumberHistory(0).Add(1, 2), new NumberHistory(1).Add(3, 4)];
        var first = await world.StartAsync();
        var second = await world.StartAsync();
        await Eventually.TrueAsync(() => first.Status.Partitions.Count == 1 && second.Status.Partitions.Count == 1, Store.Soon);
        await world.SendAsync(histories.SelectMany(history => history.Events));
        await world.FoldedAsync(histories);

        await first.StopAsync();
        await world.SendAsync(histories.Select(history => history.Add(5).Events[^1]));

        await world.FoldedAsync(histories);
        Assert.Equal(0, second.Status.DuplicatesSuppressed);
    }

    [KafkaFact]
    public async Task One_instance_more_than_partitions_is_ready_too()
    {
        await using var world = await World.CreateAsync(environment, partitions: 1);
        var first = await world.StartAsync();
        var second = await world.StartAsync();

        await first.ReadyAsync();
        await second.ReadyAsync();
        await Eventually.TrueAsync(() => first.Status.Partitions.Count + second.Status.Partitions.Count == 1, Store.Soon);
    }

    [KafkaFact]
    public async Task A_zombie_changes_nothing()
    {
        await using var world = await World.CreateAsync(environment);
        var random = new Random(7);
        NumberHistory[] histories = [.. Enumerable.Range(0, 4).Select(shard => NumberHistory.Random(random, shard, 500))];

        // Both believe that all partitions are theirs, and fold the same events at the same time.
        await world.StartAsync("one", Configure);
        await world.StartAsync("two", Configure);
        await world.SendAsync(histories.SelectMany(history => history.Events));

        await world.FoldedAsync(histories);
        Assert.Equal(histories.Sum(history => history.Events.Count), await world.Store.QueryAsync<decimal>("SELECT sum(to_sequence - from_sequence + 1) FROM inbox.folds"));

        // Every fold is counted at the end, so none may be cleaned up until then.
        static void Configure(InboxOptions options) => (options.FoldTarget, options.KeepFolds) = (10, 1_000_000);
    }

    [KafkaFact]
    public async Task A_topic_that_is_made_later_is_found()
    {
        await using var world = await World.CreateAsync(environment, withTopic: false);
        var instance = await world.StartAsync();
        await instance.NotReadyAsync();
        await environment.CreateTopicAsync(2, world.Topic);
        var history = new NumberHistory().Add(1);
        await world.SendAsync(history.Events);

        await world.FoldedAsync(history);
        await instance.ReadyAsync();
    }
}
