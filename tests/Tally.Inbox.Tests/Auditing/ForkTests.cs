using Tally.Inbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Auditing;

/// <summary>An outbox that went back in time: seen, confirmed, stopped at, and adopted.</summary>
[Collection(RealSystemCollection.Name)]
public sealed class ForkTests(TestEnvironment environment)
{
    // By the clock, the next century.
    private const long Future = 4_200_000_000_000_000;

    [KafkaFact]
    public async Task A_fork_is_confirmed_stops_its_shard_alone_and_is_adopted()
    {
        await using var world = await World.CreateAsync(environment);
        var before = new NumberHistory(0).Add(1, 2, 3);
        var other = new NumberHistory(1).Add(5);
        var outbox = world.UseOutbox().Holds(before).Holds(other);
        await world.SendAsync([.. before.Events, .. other.Events]);
        var instance = await world.StartAsync();
        await world.FoldedAsync(before, other);

        var after = new NumberHistory(0).Add(1).NewEpoch().Add(7, 8, 9, 10);
        outbox.Holds(after);
        await world.SendAsync(after.Events.Skip(1));
        await ForkAsync(instance);
        await world.SendAsync(other.Add(6).Events[^1]);
        outbox.Holds(other);
        await world.FoldedAsync(before, other);

        var adoption = await instance.Repair.AdoptForkAsync(0, CancellationToken.None).Within(Store.Soon);

        Assert.Equal(new AdoptedBranch<long>(1, 1, 2, 3, 2, 5), adoption.Branch);
        Assert.Equal((0, 1, 2L, 1L, 1L, 1L), (adoption.LastCommon.Shard, adoption.LastCommon.Generation, adoption.LastCommon.Epoch, adoption.LastCommon.Sequence, adoption.LastCommon.Count, adoption.LastCommon.State));
        await world.FoldedAsync(after, other);
        await Eventually.TrueAsync(() => instance.Status.Troubles.Count == 0, Store.Soon);
        Assert.Equal(adoption.Branch, Assert.Single((await instance.Inbox.ReadPositionsAsync(CancellationToken.None))[0].Adopted));

        // It goes on as any other shard does, also in another epoch and after a restart.
        await instance.StopAsync();
        await world.StartAsync();
        await world.SendAsync(after.NewEpoch().Add(11, 12).Events.TakeLast(2));
        outbox.Holds(after);
        await world.FoldedAsync(after, other);
        Assert.Equal(5, await world.Store.QueryAsync<decimal>("SELECT sum(('x' || encode(state, 'hex'))::bit(64)::bigint) FROM inbox.adopted"));
    }

    [KafkaFact]
    public async Task A_fork_with_equal_values_all_along_is_seen_though_no_event_comes()
    {
        await using var world = await World.CreateAsync(environment);
        var outbox = world.UseOutbox().Holds(new NumberHistory(0).Add(1, 1, 1));
        await world.SendAsync(new NumberHistory(0).Add(1, 1, 1).Events);
        var instance = await world.StartAsync();
        await world.FoldedAsync(new NumberHistory(0).Add(1, 1, 1));

        // The same total at each sequence; only the epoch tells. Kafka was wiped in between, so nothing of it is read.
        var after = new NumberHistory(0).Add(1).NewEpoch().Add(1, 1, 1, 1);
        outbox.Holds(after);
        await ForkAsync(instance);

        await instance.Repair.AdoptForkAsync(0, CancellationToken.None).Within(Store.Soon);
        await world.FoldedAsync(after);
    }

    [KafkaFact]
    public async Task Totals_ahead_of_an_outbox_where_nothing_new_was_stored_is_a_fork_and_can_be_adopted_before_anything_is()
    {
        await using var world = await World.CreateAsync(environment);
        var outbox = world.UseOutbox().Holds(new NumberHistory(0).Add(1, 2).NewEpoch().Add(3, 4).NewEpoch().Add(5));
        await world.SendAsync(new NumberHistory(0).Add(1, 2).NewEpoch().Add(3, 4).NewEpoch().Add(5).Events);
        var instance = await world.StartAsync();
        await world.FoldedAsync(new NumberHistory(0).Add(1, 2, 3, 4, 5));
        var copy = new NumberHistory(0).Add(1, 2);
        outbox.Holds(copy);
        await ForkAsync(instance);
        Assert.Contains("the outbox ends at sequence 2", instance.Status.Troubles[0].Reason, StringComparison.Ordinal);

        var adoption = await instance.Repair.AdoptForkAsync(0, CancellationToken.None).Within(Store.Soon);
        Assert.Equal(new AdoptedBranch<long>(1, 3, 3, 5, 3, 12), adoption.Branch);
        await Eventually.TrueAsync(() => instance.Status.Troubles.Count == 0, Store.Soon);

        // What is left of the old history in Kafka is passed over, and the new one goes on.
        await world.SendAsync(new NumberHistory(0).Add(1, 2).NewEpoch().Add(3, 4).Events);
        outbox.Holds(copy.NewEpoch(by: 5).Add(70, 80));
        await world.SendAsync(copy.Events.Skip(2));
        await world.FoldedAsync(copy);
    }

    [KafkaFact]
    public async Task Two_forks_one_after_the_other_are_adopted_also_back_to_the_very_beginning()
    {
        await using var world = await World.CreateAsync(environment);
        var first = new NumberHistory(0).Add(1, 2, 3);
        var outbox = world.UseOutbox().Holds(first);
        await world.SendAsync(first.Events);
        var instance = await world.StartAsync();
        await world.FoldedAsync(first);

        var second = new NumberHistory(0).Add(1, 2).NewEpoch(3).Add(10, 20);
        outbox.Holds(second);
        await world.SendAsync(second.Events.Skip(2));
        await ForkAsync(instance);
        await instance.Repair.AdoptForkAsync(0, CancellationToken.None).Within(Store.Soon);
        await world.FoldedAsync(second);

        var third = new NumberHistory(0).NewEpoch(9).Add(100, 200, 300, 400, 500);
        outbox.Holds(third);
        await ForkAsync(instance);
        await instance.Repair.AdoptForkAsync(0, CancellationToken.None).Within(Store.Soon);
        await world.FoldedAsync(third);

        var held = Assert.Single(await instance.Inbox.ReadPositionsAsync(CancellationToken.None));
        Assert.Equal([new(1, 1, 3, 3, 1, 3), new AdoptedBranch<long>(2, 4, 1, 4, 4, 33)], held.Adopted);
        Assert.Equal(2, held.Generation);
    }

    [KafkaFact]
    public async Task A_damaged_event_with_a_huge_epoch_is_poison_and_what_came_behind_it_is_folded()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add([.. Enumerable.Range(1, 200).Select(static i => (long)i)]);
        var outbox = world.UseOutbox().Holds(history);
        await world.SendAsync(history.Events[0]);
        for (var i = 1; i < 200; i++)
        {
            if (i % 2 == 0)
            {
                var wrong = history.Events[i - 1] with { Position = history.Events[i - 1].Position with { Epoch = (long.MaxValue / 2) - i } };
                await world.SendAsync(wrong);
            }

            await world.SendAsync(history.Events[i]);
        }

        var instance = await world.StartAsync(configure: options => options.MaxSetAside = 20);

        await world.FoldedAsync(history);
        Assert.Equal(99, await instance.Inbox.CountQuarantinedAsync(CancellationToken.None));
        await Eventually.TrueAsync(() => instance.Status.Troubles.Count == 0, Store.Soon);
        Assert.Empty(outbox.Rewinds);
    }

    [KafkaFact]
    public async Task A_damaged_event_that_begins_an_epoch_is_poison_also_as_the_first_of_its_shard()
    {
        await using var world = await World.CreateAsync(environment);
        var first = new NumberHistory(0).Add(1, 2);
        var second = new NumberHistory(1).Add(5).NewEpoch().Add(6, 7);
        var outbox = world.UseOutbox().Holds(first).Holds(second);
        await world.SendAsync([FromTheFuture(first.Events[0]), .. first.Events, second.Events[0], FromTheFuture(second.Events[1]), .. second.Events.Skip(1)]);

        var instance = await world.StartAsync();

        await world.FoldedAsync(first, second);
        await Eventually.TrueAsync(async () => await instance.Inbox.CountQuarantinedAsync(CancellationToken.None) == 2, Store.Soon);
        await Eventually.TrueAsync(() => instance.Status.Troubles.Count == 0, Store.Soon);
        Assert.Empty(outbox.Rewinds);
    }

    [KafkaFact]
    public async Task A_damaged_event_that_begins_an_epoch_is_not_folded_from_the_quarantine_either()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1);
        world.UseOutbox().Holds(history, relayed: 0);
        await world.SendAsync(FromTheFuture(history.Events[0]));
        var instance = await world.StartAsync();
        await instance.ReadyAsync();
        await Eventually.TrueAsync(async () => await instance.Inbox.CountQuarantinedAsync(CancellationToken.None) == 1, Store.Soon);

        var poison = Assert.Single(await instance.Repair.ListQuarantineAsync(10, 0, CancellationToken.None));
        Assert.Equal(QuarantineOutcome.Poison, (await instance.Repair.ReplayQuarantinedAsync(poison.Id, CancellationToken.None)).Outcome);

        await world.SendAsync(history.Events);
        await world.FoldedAsync(history);
    }

    [KafkaFact]
    public async Task An_epoch_from_the_future_that_the_outbox_has_is_folded()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1).NewEpoch(by: Future).Add(2, 3).NewEpoch().Add(4);
        world.UseOutbox().Holds(history);
        await world.SendAsync(history.Events);

        var instance = await world.StartAsync();

        await world.FoldedAsync(history);
        Assert.Equal(0, await instance.Inbox.CountQuarantinedAsync(CancellationToken.None));
    }

    [KafkaFact]
    public async Task A_total_that_is_not_what_the_outbox_says_at_that_position_is_counted_as_a_difference()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2, 3);
        world.UseOutbox().Holds(history);
        await world.SendAsync(history.Events);
        var instance = await world.StartAsync();
        await world.FoldedAsync(history);
        await Eventually.TrueAsync(() => instance.ReadGauge("tally.inbox.audit.differences") == 0, Store.Soon);

        // Both of the outbox's, though one of them has nothing yet.
        Assert.Equal(2, instance.ReadGauge("tally.inbox.audit.shards"));

        await world.Store.ExecuteAsync(@"UPDATE inbox.folds SET state = '\x0000000000000007'");

        await Eventually.TrueAsync(() => instance.ReadGauge("tally.inbox.audit.differences") == 1, Store.Soon);
    }

    [KafkaFact]
    public async Task A_shard_that_the_outbox_does_not_have_is_a_difference_and_stops_alone()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2, 3);
        var outbox = world.UseOutbox().Holds(history);
        var strange = new NumberHistory(900).Add(5);
        await world.SendAsync([.. history.Events, .. strange.Events]);
        var instance = await world.StartAsync();
        await world.FoldedAsync(history, strange);

        await Eventually.TrueAsync(() => instance.Status.Troubles is [{ Kind: ShardTroubleKind.Fork, Shard: 900 }], Store.Soon);
        Assert.Contains("the outbox has no shard 900", instance.Status.Troubles[0].Reason, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => instance.ReadGauge("tally.inbox.audit.differences") == 1, Store.Soon);
        Assert.Equal(3, instance.ReadGauge("tally.inbox.audit.shards"));

        // It's never confirmed: the outbox would refuse that, and with it what is held of the others.
        outbox.Confirmed.Clear();
        await world.SendAsync(history.Add(4).Events[^1]);
        outbox.Holds(history);
        await world.FoldedAsync(history);
        await Eventually.TrueAsync(() => outbox.Confirmed.Any(told => told.Held.Any(place => place is { Shard: 0, Sequence: 4 })), Store.Soon);
        Assert.DoesNotContain(outbox.Confirmed, static told => told.Held.Any(static place => place.Shard == 900));
    }

    [KafkaFact]
    public async Task What_comes_too_early_of_a_shard_that_the_outbox_does_not_have_is_poison()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1);
        world.UseOutbox().Holds(history);
        await world.SendAsync([.. history.Events, new NumberHistory(900).Add(5, 6).Events[1], FromTheFuture(new NumberHistory(902).Add(7).Events[0])]);
        var instance = await world.StartAsync();

        await world.FoldedAsync(history);
        await Eventually.TrueAsync(async () => await instance.Inbox.CountQuarantinedAsync(CancellationToken.None) == 2, Store.Soon);
        await Eventually.TrueAsync(() => instance.Status.Troubles.Count == 0, Store.Soon);
    }

    [KafkaFact]
    public async Task Nothing_is_said_of_a_total_that_can_not_be_compared()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2, 3);
        var outbox = world.UseOutbox().Holds(history);
        await world.SendAsync(history.Events);
        var instance = await world.StartAsync();
        await world.FoldedAsync(history);
        await Eventually.TrueAsync(() => instance.ReadGauge("tally.inbox.audit.shards") == 2, Store.Soon);

        outbox.System = Guid.NewGuid();

        await Eventually.TrueAsync(() => instance.ReadGauge("tally.inbox.audit.shards") is null, Store.Soon);
        Assert.Null(instance.ReadGauge("tally.inbox.audit.differences"));
    }

    [KafkaFact]
    public async Task A_damaged_event_with_a_huge_sequence_is_poison_and_no_gap_for_ever()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2, 3);
        var outbox = world.UseOutbox().Holds(history);
        var far = history.Events[1].Position with { Sequence = 1_000_000_000_000_000 };
        await world.SendAsync(history.Events[0]);
        await world.SendAsync(history.Events[1] with { Position = far });
        await world.SendAsync(history.Events[1] with { Position = far with { Epoch = far.Epoch + 1, EpochFirstSequence = far.Sequence } });
        await world.SendAsync(history.Events[1], history.Events[2]);

        var instance = await world.StartAsync();

        await world.FoldedAsync(history);
        await Eventually.TrueAsync(async () => await instance.Inbox.CountQuarantinedAsync(CancellationToken.None) == 2, Store.Soon);
        await Eventually.TrueAsync(() => instance.Status.Troubles.Count == 0 && instance.Status.SetAside == 0, Store.Soon);
        Assert.Empty(outbox.Rewinds);
    }

    [KafkaFact]
    public async Task A_doubtful_event_waits_visibly_while_the_outbox_is_away()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2);
        var other = new NumberHistory(1).Add(5);
        var outbox = world.UseOutbox().Holds(history).Holds(other);
        outbox.IsAway = true;
        var wrong = history.Events[1] with { Position = history.Events[1].Position with { Epoch = 1000 } };
        await world.SendAsync([history.Events[0], wrong, history.Events[1], .. other.Events]);
        var instance = await world.StartAsync();
        await ForkAsync(instance);
        await world.FoldedAsync(other);
        Assert.Contains("waits until the outbox says", instance.Status.Troubles[0].Reason, StringComparison.Ordinal);

        // A restart in between forgets nothing: it's read again.
        await instance.StopAsync();
        var second = await world.StartAsync();
        await ForkAsync(second);

        outbox.IsAway = false;
        await world.FoldedAsync(history, other);
    }

    [KafkaFact]
    public async Task A_copy_that_was_restored_by_mistake_and_taken_back_lets_the_shard_go_on()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2, 3);
        var outbox = world.UseOutbox().Holds(history);
        await world.SendAsync(history.Events);
        var instance = await world.StartAsync();
        await world.FoldedAsync(history);
        outbox.Holds(new NumberHistory(0).Add(1));
        await ForkAsync(instance);

        await world.SendAsync(history.Add(4).Events[^1]);
        outbox.Holds(history);

        await world.FoldedAsync(history);
        Assert.Empty(outbox.Rewinds);
    }

    [KafkaFact]
    public async Task What_is_no_fork_is_not_adopted()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2);
        var outbox = world.UseOutbox().Holds(history);
        await world.SendAsync(history.Events);
        var instance = await world.StartAsync();
        await world.FoldedAsync(history);

        Assert.Equal(InboxRepairRefusal.NotNeeded, (await RefusalAsync(0)).Refusal);
        Assert.Equal(InboxRepairRefusal.NotFound, (await RefusalAsync(7)).Refusal);

        // Restored forward, into a history that was given up before.
        outbox.Holds(new NumberHistory(0).NewEpoch(-1).Add(1, 2));
        Assert.Equal(InboxRepairRefusal.NotPossible, (await RefusalAsync(0)).Refusal);
        outbox.IsAway = true;
        await Assert.ThrowsAsync<InboxSourceException>(() => instance.Repair.AdoptForkAsync(0, CancellationToken.None));
        Assert.Equal(0, await world.Store.QueryAsync<long>("SELECT count(*) FROM inbox.adopted"));

        async Task<InboxRepairException> RefusalAsync(int shard) =>
            await Assert.ThrowsAsync<InboxRepairException>(() => instance.Repair.AdoptForkAsync(shard, CancellationToken.None).Within(Store.Soon));
    }

    private static Number FromTheFuture(Number number) => number with { Position = number.Position with { Epoch = Future } };

    private static Task ForkAsync(Instance instance) =>
        Eventually.TrueAsync(() => instance.Status.Troubles is [{ Kind: ShardTroubleKind.Fork, Shard: 0 }], Store.Soon);
}
