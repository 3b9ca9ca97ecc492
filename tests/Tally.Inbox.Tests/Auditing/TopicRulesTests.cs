namespace Tally.Inbox.Tests.Auditing;

/// <summary>Which settings of a topic are refused, and which are warned of.</summary>
public sealed class TopicRulesTests
{
    private static readonly TopicFacts Safe = new(null, 8, 3, 3);
    private static readonly TopicSettings Kept = new("delete", -1, -1, 2);

    [Fact]
    public void A_topic_that_keeps_everything_is_fine()
    {
        Assert.Null(TopicRules.FindRefusal("sums", Safe, Kept));
        Assert.Empty(TopicRules.FindWeaknesses("sums", Safe, Kept));
    }

    [Theory]
    [InlineData("compact")]
    [InlineData("compact,delete")]
    [InlineData("delete, COMPACT")]
    public void Compaction_is_refused(string policy) =>
        Assert.Contains("cleanup.policy=" + policy, TopicRules.FindRefusal("sums", Safe, Kept with { CleanupPolicy = policy }), StringComparison.Ordinal);

    [Fact]
    public void More_replicas_in_sync_than_there_are_is_refused() =>
        Assert.Contains("min.insync.replicas=4", TopicRules.FindRefusal("sums", Safe, Kept with { MinInSyncReplicas = 4 }), StringComparison.Ordinal);

    [Fact]
    public void One_replica_among_several_brokers_is_warned_of()
    {
        Assert.Contains("replication factor 1", Assert.Single(TopicRules.FindWeaknesses("sums", Safe with { Replicas = 1 }, Kept with { MinInSyncReplicas = 1 })), StringComparison.Ordinal);
        Assert.Empty(TopicRules.FindWeaknesses("sums", Safe with { Replicas = 1, Brokers = 1 }, Kept with { MinInSyncReplicas = 1 }));
    }

    [Fact]
    public void One_broker_that_counts_as_all_is_warned_of() =>
        Assert.Contains("min.insync.replicas=1", Assert.Single(TopicRules.FindWeaknesses("sums", Safe, Kept with { MinInSyncReplicas = 1 })), StringComparison.Ordinal);

    [Fact]
    public void Short_retention_is_warned_of()
    {
        Assert.Contains("retention.ms=3600000", Assert.Single(TopicRules.FindWeaknesses("sums", Safe, Kept with { RetentionMs = 3_600_000 })), StringComparison.Ordinal);
        Assert.Contains("retention.bytes=5", Assert.Single(TopicRules.FindWeaknesses("sums", Safe, Kept with { RetentionBytes = 5 })), StringComparison.Ordinal);
        Assert.Empty(TopicRules.FindWeaknesses("sums", Safe, Kept with { RetentionMs = 604_800_000 }));
    }

    [Fact]
    public void What_the_topic_would_refuse_is_warned_of_by_both_settings()
    {
        (string, long, long)[] limits = [("Outbox:MaxPayloadBytes", 900, 1_000), ("batch.size", 500, 500)];
        Assert.Empty(TopicRules.FindTooLarge("sums", Kept with { MaxMessageBytes = 1_000 }, limits));
        Assert.StartsWith(
            "topic 'sums' has max.message.bytes=999, but Outbox:MaxPayloadBytes is 900: ",
            Assert.Single(TopicRules.FindTooLarge("sums", Kept with { MaxMessageBytes = 999 }, limits)),
            StringComparison.Ordinal);
        Assert.Equal(2, TopicRules.FindTooLarge("sums", Kept with { MaxMessageBytes = 499 }, limits).Count());
    }

    [Fact]
    public void Fewer_partitions_than_shards_are_warned_of()
    {
        Assert.Contains("8 partitions for 16 shards", Assert.Single(TopicRules.FindWeaknesses("sums", Safe, Kept, shards: 16)), StringComparison.Ordinal);
        Assert.Empty(TopicRules.FindWeaknesses("sums", Safe, Kept, shards: 8));
    }
}
