using Tally.Inbox.Auditing;
using Tally.Inbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Auditing;

/// <summary>What is held durably is confirmed to the outbox, which may drop it then.</summary>
[Collection(RealSystemCollection.Name)]
public sealed class ConfirmationTests(TestEnvironment environment)
{
    [KafkaFact]
    public async Task What_is_held_durably_is_confirmed_also_when_nothing_comes()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1, 2).NewEpoch().Add(3);
        var outbox = world.UseOutbox().Holds(history);
        await world.StartAsync();

        // Registered with nothing, before the first event.
        await Eventually.TrueAsync(() => !outbox.Confirmed.IsEmpty, Store.Soon);
        Assert.Equal([new SourcePlace(0, 0, 0), new SourcePlace(1, 0, 0)], outbox.Confirmed.First().Held);

        await world.SendAsync(history.Events);
        await world.FoldedAsync(history);

        await Eventually.TrueAsync(() => outbox.Confirmed.Last().Held is [{ Shard: 0, Sequence: 3 }], Store.Soon);
        var last = outbox.Confirmed.Last();
        Assert.Equal(($"numbers-{world.Topic}", Number.System1, history.Events[^1].Position.Epoch), (last.Consumer, last.System, last.Held[0].Epoch));

        // Nothing moves, so nothing is told.
        var told = outbox.Confirmed.Count;
        var audits = outbox.PositionsRead;
        await Eventually.TrueAsync(() => outbox.PositionsRead >= audits + 5, Store.Soon);
        Assert.Equal(told, outbox.Confirmed.Count);
    }

    [KafkaFact]
    public async Task What_another_system_sent_is_not_confirmed()
    {
        await using var world = await World.CreateAsync(environment);
        var history = new NumberHistory(0).Add(1);
        var outbox = world.UseOutbox().Holds(history);
        outbox.System = Guid.NewGuid();
        await world.SendAsync(history.Events);
        await world.StartAsync();
        await world.FoldedAsync(history);
        outbox.Confirmed.Clear();

        var audits = outbox.PositionsRead;
        await Eventually.TrueAsync(() => outbox.PositionsRead >= audits + 5, Store.Soon);
        Assert.Empty(outbox.Confirmed);
    }

    [Fact]
    public async Task Everything_is_told_again_once_a_minute_and_after_a_failure_at_the_next_time()
    {
        var outbox = new FakeOutbox(static _ => Task.CompletedTask);
        var time = new ManualTime();
        var confirmations = new Confirmations("me", time);
        SourcePlace[] both = [new(0, 1, 5), new(1, 1, 7)];
        SourcePlace[] moved = [new(0, 1, 6), new(1, 1, 7)];

        await confirmations.SendAsync(outbox, Number.System1, both, default);
        await confirmations.SendAsync(outbox, Number.System1, both, default);
        outbox.IsAway = true;
        await Assert.ThrowsAsync<InboxSourceException>(() => confirmations.SendAsync(outbox, Number.System1, moved, default));
        outbox.IsAway = false;
        await confirmations.SendAsync(outbox, Number.System1, moved, default);
        time.Advance(TimeSpan.FromMinutes(1));
        await confirmations.SendAsync(outbox, Number.System1, moved, default);

        Assert.Equal([[.. both], [moved[0]], [.. moved]], outbox.Confirmed.Select(told => told.Held.ToArray()));
    }
}
