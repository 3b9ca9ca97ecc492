using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Tally.Inbox.Diagnostics;

namespace Tally.Inbox.Auditing;

/// <summary>
/// Looks at the topic's settings at start and every now and then, and says what has changed. Where they can't be read nothing is known against the topic, and
/// whoever asks goes on: reading settings takes a right of its own, which neither consuming nor comparing needs.
/// </summary>
internal sealed class TopicGuard(string topic, Func<CancellationToken, Task<TopicSettings>> read, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LookSoon = TimeSpan.FromSeconds(5);

    private TopicFacts? _lookedAt;
    private long _looked;
    private TimeSpan _pause;
    private (TopicFacts, TopicSettings)? _last;
    private bool _failed;

    /// <summary>Why nothing may be consumed from the topic; null when nothing is known against it.</summary>
    public string? Refusal { get; private set; }

    public async Task LookAsync(TopicFacts facts, CancellationToken cancellationToken)
    {
        if (_lookedAt == facts && time.GetElapsedTime(_looked) < _pause)
        {
            return;
        }

        TopicSettings settings;
        try
        {
            settings = await read(cancellationToken);
            _failed = false;
        }
        catch (KafkaException failure)
        {
            var fault = TopicSettings.FaultOf(failure);
            Looked(facts, again: IsAnswer(fault) && Refusal is null ? LookEvery : LookSoon);
            if (!_failed)
            {
                _failed = true;
                Log.TopicNotChecked(logger, topic, fault.Reason);
            }

            return;
        }

        if (_last != (facts, settings))
        {
            _last = (facts, settings);
            Tell(facts, settings);
        }

        Looked(facts, again: Refusal is null ? LookEvery : LookSoon);
    }

    /// <summary>Whether asking again soon would be answered in the same way.</summary>
    private static bool IsAnswer(Error fault) => fault.Code is ErrorCode.Local_UnsupportedFeature or ErrorCode.UnsupportedVersion
        or ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed;

    private void Looked(TopicFacts facts, TimeSpan again) => (_lookedAt, _looked, _pause) = (facts, time.GetTimestamp(), again);

    private void Tell(TopicFacts facts, TopicSettings settings)
    {
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
