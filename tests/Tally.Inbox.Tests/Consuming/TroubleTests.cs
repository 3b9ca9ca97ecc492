using Tally.Inbox.Auditing;
using Tally.Inbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Consuming;

/// <summary>What is seen when the chain breaks, and when the database goes away.</summary>
[Collection(RealSystemCollection.Name)]
public sealed class TroubleTests(TestEnvironment environment)
{
    [KafkaFact]
    public async Task A_gap_is_reported_the_other_shards_go_on_and_it_ends_when_the_event_comes()
    {
        await using var world = await World.CreateAsync(environment);
        var broken = new NumberHistory(0).Add(1, 2, 3, 4);
        var whole = new NumberHistory(2).Add(5, 6);
        await world.SendAsync([broken.Events[0], broken.Events[2], broken.Events[3], .. whole.Events]);
        var instance = await world.StartAsync();

        await TroubleAsync(instance, ShardTroubleKind.Gap);
        await world.FoldedAsync(whole);
        Assert.Contains("sequence 2 is missing", instance.Status.Troubles[0].Reason, StringComparison.Ordinal);
        Assert.Equal((0, 2), (instance.Status.Troubles[0].Shard, instance.Status.SetAside));
        Assert.True(instance.Status.IsReady);

        await world.SendAsync(broken.Events[1]);
        await world.FoldedAsync(broken);
        await Eventually.TrueAsync(() => instance.Status.Troubles.Count == 0 && instance.Status.SetAside == 0, Store.Soon);
    }

    [KafkaFact]
    public async Task A_gap_larger_than_what_can_be_set_aside_heals_too()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory().Add([.. Enumerable.Range(1, 50).Select(i => (long)i)]);
        await world.SendAsync([.. history.Events.Skip(1), history.Events[0]]);
        await world.StartAsync(configure: options => options.MaxSetAside = 7);

        await world.FoldedAsync(history);
    }

    [KafkaFact]
    public async Task What_waited_in_memory_is_read_again_after_a_restart()
    {
        await using var world = await World.CreateAsync(environment);
        var broken = new NumberHistory(0).Add(1, 2, 3);
        var whole = new NumberHistory(2).Add(5, 6);
        await world.SendAsync([broken.Events[0], broken.Events[2], .. whole.Events]);
        var first = await world.StartAsync();
        await world.FoldedAsync(whole);
        await first.StopAsync();

        await world.StartAsync();
        await world.SendAsync(broken.Events[1]);

        await world.FoldedAsync(broken, whole);
    }

    [KafkaFact]
    public async Task A_fork_stops_its_shard_also_after_a_restart()
    {
        await using var world = await World.CreateAsync(environment);
        var before = new NumberHistory(0).Add(1, 2, 3);
        var after = new NumberHistory(0).Add(1).NewEpoch().Add(7, 8, 9, 10);
        var other = new NumberHistory(2).Add(5, 6);
        await world.SendAsync([.. before.Events, .. after.Events.Skip(1), .. other.Events]);
        var first = await world.StartAsync();
        await TroubleAsync(first, ShardTroubleKind.Fork);
        await world.FoldedAsync(before, other);
        await first.StopAsync();

        var second = await world.StartAsync();
        await TroubleAsync(second, ShardTroubleKind.Fork);
        await world.SendAsync(other.Add(7).Events[^1]);

        await world.FoldedAsync(before, other);
    }

    [KafkaFact]
    public async Task A_database_that_goes_away_and_comes_back_misses_nothing()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory().Add(1, 2, 3);
        await world.SendAsync(history.Events);
        var instance = await world.StartAsync();
        await world.FoldedAsync(history);

        world.Cable.Pull();
        await world.SendAsync(history.Add(4, 5).Events.Skip(3));
        await instance.NotReadyAsync();
        world.Cable.PutBack();

        await world.FoldedAsync(history);
        await instance.ReadyAsync();
    }

    [KafkaFact]
    public async Task A_database_that_is_away_at_the_start_is_waited_for()
    {
        await using var world = await World.CreateAsync(environment);
        world.Cable.Pull();
        var instance = await world.StartAsync();
        var history = new NumberHistory().Add(1, 2, 3);
        await world.SendAsync(history.Events);
        await Eventually.TrueAsync(() => instance.Status.NotReadyReason == "the database can't be reached", Store.Soon);

        world.Cable.PutBack();

        await world.FoldedAsync(history);
    }

    [KafkaFact]
    public async Task A_database_that_is_away_during_a_rebalance_leaves_nobody_without_partitions()
    {
        await using var world = await World.CreateAsync(environment);
        var first = await world.StartAsync();
        var second = await world.StartAsync();
        await Eventually.TrueAsync(() => first.Status.Partitions.Count == 1 && second.Status.Partitions.Count == 1, Store.Soon);
        world.Cable.Pull();
        await second.StopAsync();
        await Eventually.TrueAsync(() => first.Status.Partitions.Count == 0, Store.Soon);
        world.Cable.PutBack();

        await Eventually.TrueAsync(() => first.Status.Partitions.Count == 2, Store.Soon);
        NumberHistory[] histories = [new NumberHistory(0).Add(1), new NumberHistory(1).Add(2)];
        await world.SendAsync(histories.SelectMany(history => history.Events));
        await world.FoldedAsync(histories);
    }

    [KafkaFact]
    public async Task A_consumer_that_is_given_no_partitions_is_made_again_until_it_is()
    {
        // Takes two session timeouts, and then one more until the group has forgotten the consumer that was given up.
        await using var world = await World.CreateAsync(environment);
        using var silent = world.JoinAndFallSilent("numbers");
        var instance = await world.StartAsync("numbers", options => options.JoinTimeout = 2 * options.SessionTimeout);

        await Eventually.TrueAsync(() => instance.Status.NotReadyReason == "the consumer group assigns no partitions", Store.Soon);
        silent.Close();

        var history = new NumberHistory().Add(1, 2, 3);
        await world.SendAsync(history.Events);
        await world.FoldedAsync(history);
        await instance.ReadyAsync();
    }

    [KafkaFact]
    public async Task A_consumer_that_was_seen_to_read_nothing_is_made_again_and_goes_on()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory().Add(1, 2);
        await world.SendAsync(history.Events);
        var instance = await world.StartAsync();
        await world.FoldedAsync(history);

        // As the audit tells it, until what it saw is what the thread stands at.
        await Eventually.TrueAsync(
            () =>
            {
                foreach (var (partition, next) in instance.Exchange.View.NextOffsets)
                {
                    instance.Exchange.Report(new StalledRead(partition, next));
                }

                return instance.Status.NotReadyReason == "another consumer is made";
            },
            Store.Soon);

        await world.SendAsync(history.Add(3).Events);
        await world.FoldedAsync(history);
        await instance.ReadyAsync();
    }

    [KafkaFact]
    public async Task The_group_has_offsets_for_lag_tools_after_a_stop()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2, 3);
        await world.SendAsync(history.Events);
        var instance = await world.StartAsync();
        await world.FoldedAsync(history);

        await instance.StopAsync();

        Assert.Equal(3, await world.GroupOffsetAsync("numbers", partition: 0));
    }

    [KafkaFact]
    public async Task A_commit_whose_answer_was_lost_is_not_folded_twice()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory().Add(1);
        await world.SendAsync(history.Events);
        await world.StartAsync();
        await world.FoldedAsync(history);

        for (var times = 0; times < 5; times++)
        {
            world.Cable.LoseNextAnswer();
            await world.SendAsync(history.Add(2, 3).Events.TakeLast(2));
            await Eventually.TrueAsync(() => !world.Cable.WillLoseAnswer, Store.Soon);
        }

        await world.FoldedAsync(history);
    }

    [KafkaFact]
    public async Task A_database_that_goes_away_while_nothing_happens_is_noticed()
    {
        await using var world = await World.CreateAsync(environment);
        var instance = await world.StartAsync();
        await instance.ReadyAsync();

        world.Cable.Pull();
        await instance.NotReadyAsync();
        world.Cable.PutBack();

        await instance.ReadyAsync();
    }

    [KafkaFact]
    public async Task A_database_that_was_restored_from_a_copy_gets_the_rest_again()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory().Add(1, 2, 3);
        await world.SendAsync(history.Events.Take(1));
        await world.StartAsync();
        await Eventually.TrueAsync(() => world.Store.QueryAsync<bool>("SELECT to_regclass('inbox.folds') IS NOT NULL"), Store.Soon);
        await Eventually.TrueAsync(() => world.Store.QueryAsync<bool>("SELECT EXISTS (SELECT FROM inbox.folds)"), Store.Soon);
        await world.SendAsync(history.Events.Skip(1));
        await world.FoldedAsync(history);

        // While nothing is sent, so that no commit collides.
        await world.Store.ExecuteAsync("DELETE FROM inbox.folds WHERE from_sequence > 1");

        await world.FoldedAsync(history);
    }

    private static Task TroubleAsync(Instance instance, ShardTroubleKind kind) =>
        Eventually.TrueAsync(() => instance.Status.Troubles.Any(trouble => trouble.Kind == kind), Store.Soon);
}
