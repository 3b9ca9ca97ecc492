using Tally.Inbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Auditing;

/// <summary>What Kafka lost comes again: a real Kafka that loses on purpose, a real PostgreSQL, and an outbox that answers.</summary>
[Collection(RealSystemCollection.Name)]
public sealed class RewindTests(TestEnvironment environment)
{
    [KafkaFact]
    public async Task A_lost_event_comes_again_and_is_asked_for_once()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2, 3, 4);
        var outbox = world.UseOutbox().Holds(history);
        await world.SendAsync([history.Events[0], history.Events[2], history.Events[3]]);
        var instance = await world.StartAsync();

        await world.FoldedAsync(history);

        Assert.Equal((0, 2L), Assert.Single(outbox.Rewinds));
        await Eventually.TrueAsync(() => instance.Status.Troubles.Count == 0, Store.Soon);
    }

    [KafkaTheory]
    [InlineData(5)]
    [InlineData(-5)]
    public async Task With_a_clock_that_is_hours_off_and_jumps_what_is_lost_is_asked_for_once(int hours)
    {
        await using var world = await World.CreateAsync(environment);
        var clock = new SkewedTime(TimeSpan.FromHours(hours));
        world.Time = clock;
        var history = new NumberHistory(0).Add(1, 2);
        var outbox = world.UseOutbox().Holds(history);
        await world.SendAsync(history.Events);
        var instance = await world.StartAsync();
        await world.FoldedAsync(history);

        outbox.Holds(history.Add(3, 4));
        await world.SendAsync(history.Events[3]);
        var compared = outbox.PositionsRead;
        await Eventually.TrueAsync(() => outbox.PositionsRead > compared + 1, Store.Soon);
        clock.Ahead = -clock.Ahead;

        await world.FoldedAsync(history);
        Assert.Equal((0, 3L), Assert.Single(outbox.Rewinds));
        await Eventually.TrueAsync(() => instance.Status.Troubles.Count == 0, Store.Soon);
    }

    [KafkaFact]
    public async Task What_is_lost_while_nothing_is_sent_comes_again()
    {
        await using var world = await World.CreateAsync(environment);
        NumberHistory[] histories = [new NumberHistory(0).Add(1, 2, 3), new NumberHistory(1).Add(7)];
        var outbox = world.UseOutbox().Holds(histories[0]).Holds(histories[1]);
        await world.SendAsync(histories[0].Events.Take(1));
        await world.StartAsync();

        await world.FoldedAsync(histories);

        Assert.Equal([(0, 2L), (1, 1L)], outbox.Rewinds.Order());
    }

    [KafkaFact]
    public async Task A_topic_that_is_wiped_with_events_unread_is_read_again_from_its_beginning()
    {
        await using var world = await World.CreateAsync(environment);
        NumberHistory[] histories = [new NumberHistory(0).Add(1, 2, 3), new NumberHistory(1).Add(7)];
        var outbox = world.UseOutbox().Holds(histories[0]).Holds(histories[1]);
        await world.SendAsync(histories.SelectMany(history => history.Events));
        await world.StartAsync();
        await world.FoldedAsync(histories);

        await world.WipeTopicAsync();
        histories[0].Add(4, 5);
        outbox.Holds(histories[0]);
        await world.SendAsync(histories[0].Events[^1]);

        await world.FoldedAsync(histories);
        Assert.Equal((0, 4L), Assert.Single(outbox.Rewinds));
    }

    [KafkaFact]
    public async Task A_topic_that_was_replaced_while_nobody_looked_is_read_from_its_beginning_though_it_is_longer_now()
    {
        await using var world = await World.CreateAsync(environment, partitions: 1);
        world.Partitions = 1;
        var history = new NumberHistory(0).Add(1, 2, 3);
        var outbox = world.UseOutbox().Holds(history);
        await world.SendAsync(history.Events);
        var first = await world.StartAsync();
        await world.FoldedAsync(history);
        await first.StopAsync();

        await world.WipeTopicAsync();
        history.Add(4, 5, 6, 7, 8);
        outbox.Holds(history);
        await world.SendAsync(history.Events.Skip(3));
        await world.StartAsync();

        // The offset that is stored lies within the new topic: from there on the next event would never come.
        await world.FoldedAsync(history);
        Assert.Empty(outbox.Rewinds);
    }

    [KafkaTheory]
    [InlineData(2, 4)]
    [InlineData(4, 2)]
    public async Task A_topic_that_comes_back_with_other_partitions_loses_nothing(int before, int after)
    {
        await using var world = await World.CreateAsync(environment, before);
        world.Partitions = before;
        NumberHistory[] histories = [.. Enumerable.Range(0, 5).Select(shard => new NumberHistory(shard).Add(1, 2, 3))];
        var outbox = world.UseOutbox();
        outbox.Shards = 5;
        Array.ForEach(histories, history => outbox.Holds(history));
        await world.SendAsync(histories.SelectMany(history => history.Events));
        await world.StartAsync();
        await world.FoldedAsync(histories);

        await world.WipeTopicAsync(after);
        foreach (var history in histories)
        {
            history.Add(4, 5);
            outbox.Holds(history);
            await world.SendAsync(history.Events[^1]);
        }

        await world.FoldedAsync(histories);
    }

    [KafkaFact]
    public async Task Partitions_that_are_added_are_read()
    {
        await using var world = await World.CreateAsync(environment);
        NumberHistory[] histories = [.. Enumerable.Range(0, 4).Select(shard => new NumberHistory(shard).Add(1, 2, 3))];
        await world.SendAsync(histories.SelectMany(history => history.Events.Take(2)));
        await world.StartAsync();
        await world.AddPartitionsAsync(4);
        await world.SendAsync(histories.Select(history => history.Events[2]));

        await world.FoldedAsync(histories);
    }

    [KafkaFact]
    public async Task An_offset_beyond_the_end_leads_to_the_beginning()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2, 3);
        await world.SendAsync(history.Events);
        var first = await world.StartAsync();
        await world.FoldedAsync(history);
        await first.StopAsync();
        await world.Store.ExecuteAsync("UPDATE inbox.folds SET next_offset = 5000, topic_id = NULL");

        await world.StartAsync();
        await world.SendAsync(history.Add(4).Events[^1]);

        await world.FoldedAsync(history);
    }

    [KafkaFact]
    public async Task Nothing_is_asked_for_while_it_is_on_its_way_already()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2);
        var outbox = world.UseOutbox().Holds(history);
        outbox.IsSlow = true;
        var instance = await world.StartAsync(configure: options => options.GapGrace = TimeSpan.FromMilliseconds(300));
        await Eventually.TrueAsync(() => !outbox.Rewinds.IsEmpty, Store.Soon);
        await Eventually.TrueAsync(() => instance.Status.Troubles is [{ Kind: ShardTroubleKind.Gap }], Store.Soon);

        // Five audits later it's still one wish.
        var audits = outbox.PositionsRead;
        await Eventually.TrueAsync(() => outbox.PositionsRead >= audits + 5, Store.Soon);
        Assert.Equal((0, 1L), Assert.Single(outbox.Rewinds));

        outbox.RewindingFrom = 0;
        await world.SendAsync(history.Events);
        await world.FoldedAsync(history);
        await Eventually.TrueAsync(() => instance.Status.Troubles.Count == 0, Store.Soon);
        Assert.Single(outbox.Rewinds);
    }

    [KafkaFact]
    public async Task An_outbox_that_is_away_is_asked_again()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2, 3);
        var outbox = world.UseOutbox().Holds(history);
        outbox.IsAway = true;
        await world.SendAsync(history.Events[0], history.Events[2]);
        var instance = await world.StartAsync();
        await Eventually.TrueAsync(() => instance.Status.Troubles is [{ Kind: ShardTroubleKind.Gap }], Store.Soon);
        Assert.Empty(outbox.Rewinds);

        outbox.IsAway = false;

        await world.FoldedAsync(history);
    }

    [KafkaFact]
    public async Task What_was_not_relayed_yet_is_not_asked_for()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2, 3);
        var outbox = world.UseOutbox().Holds(history, relayed: 1);
        await world.SendAsync(history.Events[0]);
        await world.StartAsync(configure: options => options.GapGrace = TimeSpan.FromMilliseconds(300));
        await Eventually.TrueAsync(() => outbox.PositionsRead >= 10, Store.Soon);

        Assert.Empty(outbox.Rewinds);
    }

    [KafkaFact]
    public async Task Another_system_s_outbox_is_not_compared_with()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2, 3);
        var outbox = world.UseOutbox().Holds(history);
        outbox.System = Guid.NewGuid();
        await world.SendAsync(history.Events[0]);
        await world.StartAsync(configure: options => options.GapGrace = TimeSpan.FromMilliseconds(300));
        await Eventually.TrueAsync(() => world.Store.QueryAsync<bool>("SELECT to_regclass('inbox.source') IS NOT NULL"), Store.Soon);
        await Eventually.TrueAsync(() => world.Store.QueryAsync<bool>("SELECT EXISTS (SELECT FROM inbox.source)"), Store.Soon);
        var audits = outbox.PositionsRead;
        await Eventually.TrueAsync(() => outbox.PositionsRead >= audits + 10, Store.Soon);

        Assert.Empty(outbox.Rewinds);
    }

    [KafkaFact]
    public async Task A_row_that_is_damaged_in_the_outbox_itself_stops_its_shard_until_it_is_mended()
    {
        await using var world = await World.CreateAsync(environment);
        var broken = new NumberHistory(0).Add(1, 2, 3);
        var whole = new NumberHistory(1).Add(5, 6);
        var outbox = world.UseOutbox().Holds(broken).Holds(whole);
        var wrong = (broken.Events[1] with { Value = 99 }).Bytes;
        outbox.Damage(0, 2, wrong);
        await world.SendAsync([broken.Events[0], broken.Events[2], .. whole.Events]);
        await world.SendAsync(0, broken.Events[1].Key, wrong);
        var instance = await world.StartAsync();

        await Eventually.TrueAsync(() => instance.Status.Troubles is [{ Kind: ShardTroubleKind.Damaged, Shard: 0 }], Store.Soon);
        await world.FoldedAsync(whole);
        Assert.Empty(outbox.Rewinds);
        Assert.Contains("own sequence 2 can't be folded: 1 + 99 is not 3", instance.Status.Troubles[0].Reason, StringComparison.Ordinal);

        outbox.Mend(0, 2);
        await world.FoldedAsync(broken);
    }

    [KafkaFact]
    public async Task A_result_that_the_outbox_does_not_have_any_more_stops_its_shard()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2, 3);
        world.UseOutbox().Holds(history).Trim(0, 2);
        var instance = await world.StartAsync();

        await Eventually.TrueAsync(() => instance.Status.Troubles is [{ Kind: ShardTroubleKind.Damaged, Shard: 0 }], Store.Soon);
        Assert.Contains("doesn't have it any more", instance.Status.Troubles[0].Reason, StringComparison.Ordinal);
    }
}
