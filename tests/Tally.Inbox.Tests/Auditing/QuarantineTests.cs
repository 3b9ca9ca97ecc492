using Tally.Inbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Auditing;

/// <summary>What an operator does with messages that could not be folded.</summary>
[Collection(RealSystemCollection.Name)]
public sealed class QuarantineTests(TestEnvironment environment)
{
    private static readonly CancellationToken None = CancellationToken.None;

    [KafkaFact]
    public async Task A_hundred_poison_messages_among_good_ones_stop_nothing_nor_do_the_same_again()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add([.. Enumerable.Range(1, 100).Select(static i => (long)i)]);
        world.UseOutbox().Holds(history);
        for (var i = 0; i < 100; i++)
        {
            await world.SendAsync(0, [1], [(byte)i]);
            await world.SendAsync(history.Events[i]);
        }

        var first = await world.StartAsync();
        await world.FoldedAsync(history);
        Assert.Equal(100, await first.Inbox.CountQuarantinedAsync(None));

        // All of it is read once more.
        await first.StopAsync();
        await world.Store.ExecuteAsync("UPDATE inbox.folds SET next_offset = 0");
        var second = await world.StartAsync();
        await Eventually.TrueAsync(() => second.Status.DuplicatesSuppressed == 100, Store.Soon);
        Assert.Equal(100, await second.Inbox.CountQuarantinedAsync(None));

        var page = await second.Repair.ListQuarantineAsync(40, 0, None);
        Assert.Equal(40, page.Count);
        Assert.Equal(60, (await second.Repair.ListQuarantineAsync(1000, page[^1].Id, None)).Count);
        Assert.Equal((world.Topic, 0, 0L, "no number"), (page[0].Topic, page[0].Partition, page[0].Offset, page[0].Reason));
        Assert.NotNull(page[0].TopicId);
        Assert.Equal([0], page[0].Value.ToArray());
    }

    [KafkaFact]
    public async Task A_message_is_judged_anew_as_if_it_came_now()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2, 3, 4);
        var instance = await world.StartAsync();
        await world.SendAsync(history.Events[0]);
        await world.SendAsync(0, [1], [2]);
        await Eventually.TrueAsync(async () => await world.Store.QueryAsync<bool>("SELECT to_regclass('inbox.quarantine') IS NOT NULL")
            && await instance.Inbox.CountQuarantinedAsync(None) == 1, Store.Soon);
        var garbage = (await instance.Repair.ListQuarantineAsync(10, 0, None))[0].Id;
        var next = await PutAsync(history.Events[1]);
        var held = await PutAsync(history.Events[0]);
        var early = await PutAsync(history.Events[3]);
        var wrong = await PutAsync(history.Events[2] with { Total = 99 });
        var fork = await PutAsync(history.Events[0] with { Position = history.Events[0].Position with { Epoch = 9 } });

        Assert.Equal(new(QuarantineOutcome.Poison, "still poison: no number"), await instance.Repair.ReplayQuarantinedAsync(garbage, None));
        Assert.Equal(new(QuarantineOutcome.Replay, "replay"), await instance.Repair.ReplayQuarantinedAsync(held, None));
        Assert.Equal(new(QuarantineOutcome.TooEarly, "too early"), await instance.Repair.ReplayQuarantinedAsync(early, None));
        Assert.Equal(new(QuarantineOutcome.Fork, "fork"), await instance.Repair.ReplayQuarantinedAsync(fork, None));
        Assert.Equal(new(QuarantineOutcome.Folded, "folded"), await instance.Repair.ReplayQuarantinedAsync(next, None));
        Assert.Equal(new(QuarantineOutcome.Poison, "still poison: 3 + 3 is not 99"), await instance.Repair.ReplayQuarantinedAsync(wrong, None));

        // Decided is decided; the rest stays on the list, with what was tried.
        Assert.Equal(InboxRepairRefusal.NotNeeded, (await Assert.ThrowsAsync<InboxRepairException>(() => instance.Repair.ReplayQuarantinedAsync(next, None))).Refusal);
        Assert.Equal(InboxRepairRefusal.NotFound, (await Assert.ThrowsAsync<InboxRepairException>(() => instance.Repair.ReplayQuarantinedAsync(999, None))).Refusal);
        Assert.Equal(new[] { garbage, early, wrong, fork }.Order(), (await instance.Repair.ListQuarantineAsync(10, 0, None)).Select(message => message.Id));
        Assert.Equal("replay: too early", Assert.Single((await instance.Repair.ShowQuarantinedAsync(early, None))!.Actions) is var action ? $"{action.Action}: {action.Why}" : "");

        // The instance that holds the shard goes on behind what was folded beside it.
        await world.SendAsync(history.Events.Skip(2));
        await world.FoldedAsync(history);

        async Task<long> PutAsync(Number number) => await world.Store.QueryAsync<long>(
            $"INSERT INTO inbox.quarantine (topic, partition, \"offset\", key, value, reason) VALUES ('{world.Topic}', 0, {Random.Shared.Next()}, '\\x{Convert.ToHexString(number.Key)}', '\\x{Convert.ToHexString(number.Bytes)}', 'test') RETURNING id");
    }

    [KafkaFact]
    public async Task A_message_replayed_by_many_at_once_is_folded_once()
    {
        await using var world = await World.CreateAsync(environment);
        var instance = await world.StartAsync();
        await instance.ReadyAsync();
        var number = new NumberHistory(1).Add(5).Events[0];
        var id = await world.Store.QueryAsync<long>(
            $"INSERT INTO inbox.quarantine (topic, partition, \"offset\", key, value, reason) VALUES ('{world.Topic}', 1, 7, '\\x{Convert.ToHexString(number.Key)}', '\\x{Convert.ToHexString(number.Bytes)}', 'test') RETURNING id");

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(ReplayAsync))).Within(Store.Soon);

        Assert.Single(outcomes, outcome => outcome == "folded");
        Assert.Equal(1, await world.Store.QueryAsync<long>("SELECT count(*) FROM inbox.folds"));
        Assert.Equal(1, await world.Store.QueryAsync<long>("SELECT count(*) FROM inbox.quarantine_audit WHERE ends"));

        async Task<string> ReplayAsync()
        {
            try
            {
                return (await instance.Repair.ReplayQuarantinedAsync(id, None)).Text;
            }
            catch (InboxRepairException refused)
            {
                return refused.Refusal.ToString();
            }
        }
    }

    [KafkaFact]
    public async Task What_is_discarded_is_off_the_list_and_its_reason_is_kept()
    {
        await using var world = await World.CreateAsync(environment);
        var instance = await world.StartAsync();
        await world.SendAsync(0, [1], [2]);
        await instance.ReadyAsync();
        await Eventually.TrueAsync(async () => await instance.Inbox.CountQuarantinedAsync(None) == 1, Store.Soon);
        var id = (await instance.Repair.ListQuarantineAsync(10, 0, None))[0].Id;

        await instance.Repair.DiscardQuarantinedAsync(id, "a test wrote it", None);

        Assert.Equal(0, await instance.Inbox.CountQuarantinedAsync(None));
        Assert.Empty(await instance.Repair.ListQuarantineAsync(10, 0, None));
        Assert.Equal("a test wrote it", Assert.Single((await instance.Repair.ShowQuarantinedAsync(id, None))!.Actions).Why);
        Assert.Equal(InboxRepairRefusal.NotNeeded, (await Assert.ThrowsAsync<InboxRepairException>(() => instance.Repair.DiscardQuarantinedAsync(id, "again", None))).Refusal);
        Assert.Equal(InboxRepairRefusal.NotFound, (await Assert.ThrowsAsync<InboxRepairException>(() => instance.Repair.DiscardQuarantinedAsync(77, "x", None))).Refusal);
        Assert.Null(await instance.Repair.ShowQuarantinedAsync(77, None));
    }
}
