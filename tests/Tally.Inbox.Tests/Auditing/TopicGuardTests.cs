using Tally.Inbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Auditing;

/// <summary>A real topic that is set wrong.</summary>
[Collection(RealSystemCollection.Name)]
public sealed class TopicGuardTests(TestEnvironment environment)
{
    [KafkaFact]
    public async Task A_compacted_topic_is_not_consumed_until_it_is_set_right()
    {
        await using var world = await World.CreateAsync(environment);
        await world.SetTopicAsync("cleanup.policy", "compact");
        var history = new NumberHistory().Add(1, 2);
        await world.SendAsync(history.Events);
        var instance = await world.StartAsync();
        await Eventually.TrueAsync(() => instance.Status.NotReadyReason?.Contains("cleanup.policy=compact", StringComparison.Ordinal) == true, Store.Soon);
        Assert.Equal(0, await world.Store.QueryAsync<long>("SELECT count(*) FROM inbox.folds"));

        await world.SetTopicAsync("cleanup.policy", "delete");

        await world.FoldedAsync(history);
        await instance.ReadyAsync();
    }
}
