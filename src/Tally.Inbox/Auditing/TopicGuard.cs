using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Tally.Inbox.Diagnostics;

namespace Tally.Inbox.Auditing;

/// <summary>Looks at the topic's settings at start and every now and then, and says what has changed.</summary>
internal sealed class TopicGuard(string topic, TopicProbe probe, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LookEveryWhileRefused = TimeSpan.FromSeconds(5);

    private TopicFacts? _lastFacts;
    private TopicSettings? _lastSettings;
    private long _lookedAt;
    private bool _cannot;

    /// <summary>Why nothing may be consumed from the topic; null when nothing is known against it.</summary>
    public string? Refusal { get; private set; }

    public async Task LookAsync(TopicFacts facts, CancellationToken cancellationToken)
    {
        if (_cannot || (_lookedAt != 0 && time.GetElapsedTime(_lookedAt) < (Refusal is null ? LookEvery : LookEveryWhileRefused) && _lastFacts == facts))
        {
            return;
        }

        TopicSettings settings;
        try
        {
            settings = await probe.ReadSettingsAsync(cancellationToken);
        }
        catch (KafkaException refused) when (refused.Error.Code is ErrorCode.Local_UnsupportedFeature or ErrorCode.UnsupportedVersion or ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed)
        {
            _cannot = true;
            Log.TopicNotChecked(logger, topic, refused.Error.Reason);
            return;
        }

        _lookedAt = time.GetTimestamp();
        if (_lastFacts == facts && _lastSettings == settings)
        {
            return;
        }

        (_lastFacts, _lastSettings) = (facts, settings);
        Refusal = TopicRules.FindRefusal(topic, facts, settings);
        Log.TopicFound(logger, topic, facts.Partitions, facts.Replicas, settings.MinInSyncReplicas, settings.RetentionMs, settings.CleanupPolicy);
        foreach (var weakness in TopicRules.FindWeaknesses(topic, facts, settings))
        {
            Log.TopicWeak(logger, weakness);
        }

        if (Refusal is not null)
        {
            Log.TopicRefused(logger, Refusal);
        }
    }
}
