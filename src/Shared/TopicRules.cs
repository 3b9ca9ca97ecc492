using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Tally;

/// <summary>A topic as Kafka describes it.</summary>
/// <param name="Id">Which topic of that name; null where Kafka doesn't tell (before version 2.8).</param>
/// <param name="Partitions">How many partitions it has.</param>
/// <param name="Replicas">How many brokers keep each partition; of the one with the fewest.</param>
/// <param name="Brokers">How many brokers there are.</param>
internal sealed record TopicFacts(Guid? Id, int Partitions, int Replicas, int Brokers);

/// <summary>What a topic is set to, as far as it may lose messages.</summary>
/// <param name="CleanupPolicy"><c>cleanup.policy</c>.</param>
/// <param name="RetentionMs"><c>retention.ms</c>; negative for ever.</param>
/// <param name="RetentionBytes"><c>retention.bytes</c>; negative for no limit.</param>
/// <param name="MinInSyncReplicas"><c>min.insync.replicas</c>.</param>
/// <param name="MaxMessageBytes"><c>max.message.bytes</c>, which a whole batch of messages must keep to.</param>
internal sealed record TopicSettings(string CleanupPolicy, long RetentionMs, long RetentionBytes, int MinInSyncReplicas, long MaxMessageBytes = long.MaxValue)
{
    /// <summary>Takes over what Kafka says of a topic's settings.</summary>
    /// <param name="entries">The settings by name.</param>
    public static TopicSettings Read(IReadOnlyDictionary<string, ConfigEntryResult> entries)
    {
        return new TopicSettings(
            Text("cleanup.policy", "delete"),
            Number("retention.ms", -1),
            Number("retention.bytes", -1),
            (int)Number("min.insync.replicas", 1),
            Number("max.message.bytes", long.MaxValue));

        string Text(string name, string otherwise) => entries.TryGetValue(name, out var entry) && entry.Value is { Length: > 0 } value ? value : otherwise;

        long Number(string name, long otherwise) => long.TryParse(Text(name, ""), CultureInfo.InvariantCulture, out var number) ? number : otherwise;
    }

    /// <summary>Why Kafka didn't tell. What it says of a topic, such as that the question isn't allowed, lies in the answer's parts; the exception itself only counts them.</summary>
    /// <param name="failure">What came of the question.</param>
    public static Error FaultOf(KafkaException failure) =>
        (failure as DescribeConfigsException)?.Results.Find(static result => result.Error.IsError)?.Error ?? failure.Error;
}

/// <summary>What Kafka is expected to keep, setting by setting.</summary>
internal static class TopicRules
{
    /// <summary>Below this what wasn't read yet may be gone after a weekend's outage.</summary>
    private static readonly TimeSpan ShortRetention = TimeSpan.FromDays(3);

    /// <summary>Why nothing should go through such a topic, or null.</summary>
    public static string? FindRefusal(string topic, TopicFacts facts, TopicSettings settings)
    {
        if (settings.CleanupPolicy.Split(',', StringSplitOptions.TrimEntries).Contains("compact", StringComparer.OrdinalIgnoreCase))
        {
            return $"topic '{topic}' has cleanup.policy={settings.CleanupPolicy}, which keeps only the last event of each shard; set it to delete";
        }

        return settings.MinInSyncReplicas > facts.Replicas
            ? $"topic '{topic}' has min.insync.replicas={settings.MinInSyncReplicas}, more than its replication factor, {facts.Replicas}: nothing can be published to it"
            : null;
    }

    /// <summary>Which of a producer's own limits lets through what the topic refuses, so that it could never be published.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="settings">What it is set to.</param>
    /// <param name="limits">The producer's limits: the setting, its value, and how many bytes that may come to on the way.</param>
    public static IEnumerable<string> FindTooLarge(string topic, TopicSettings settings, params IEnumerable<(string Setting, long Value, long Bytes)> limits) =>
        limits.Where(limit => limit.Bytes > settings.MaxMessageBytes).Select(limit =>
            $"topic '{topic}' has max.message.bytes={settings.MaxMessageBytes}, but {limit.Setting} is {limit.Value}: what is larger than the topic takes stops its shard; raise the one or lower the other");

    /// <summary>What may lose messages, which come again from the outbox, later, and as long as that has them; or hold them up.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="facts">What Kafka says of it.</param>
    /// <param name="settings">What it is set to.</param>
    /// <param name="shards">How many shards are published to it, by whoever knows.</param>
    public static IEnumerable<string> FindWeaknesses(string topic, TopicFacts facts, TopicSettings settings, int shards = 1)
    {
        if (facts.Partitions < shards)
        {
            yield return $"topic '{topic}' has {facts.Partitions} partitions for {shards} shards: no more than {facts.Partitions} instances of a consumer can read it at once";
        }

        if (facts.Brokers > 1 && facts.Replicas < 2)
        {
            yield return $"topic '{topic}' has replication factor {facts.Replicas}: a broker's disk that is lost takes its events along";
        }
        else if (facts.Replicas > 1 && settings.MinInSyncReplicas < 2)
        {
            yield return $"topic '{topic}' has min.insync.replicas={settings.MinInSyncReplicas}: an event that only one broker has counts as published";
        }

        if (settings.RetentionMs >= 0 && settings.RetentionMs < ShortRetention.TotalMilliseconds)
        {
            yield return $"topic '{topic}' has retention.ms={settings.RetentionMs.ToString(CultureInfo.InvariantCulture)}: what isn't read within {TimeSpan.FromMilliseconds(settings.RetentionMs)} is deleted";
        }

        if (settings.RetentionBytes >= 0)
        {
            yield return $"topic '{topic}' has retention.bytes={settings.RetentionBytes.ToString(CultureInfo.InvariantCulture)}: beyond that events are deleted, read or not";
        }
    }
}
