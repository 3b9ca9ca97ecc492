using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;
using Tally.Outbox.Diagnostics;

namespace Tally.Outbox.Relaying;

/// <summary>Looks at the topics that are published to: whether one was made anew, and whether its settings may lose what is published.</summary>
internal sealed class TopicWatch(OutboxOptions options, TimeProvider time, ILogger logger)
{
    private readonly (string, long, long)[] _limits = ProducerSettings.LimitsOf(options);

    private static readonly TimeSpan SettingsInterval = TimeSpan.FromMinutes(1);

    // As the last look found them.
    private readonly Dictionary<string, (long, long)> _ids = new(StringComparer.Ordinal);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unchecked = new(StringComparer.Ordinal);
    private volatile IReadOnlyList<string> _troubles = [];
    private long? _lookedAt;
    private bool _cannot;

    /// <summary>What is wrong with topics' settings, a sentence each; empty when nothing is known against them. Read by anyone.</summary>
    public IReadOnlyList<string> Troubles => _troubles;

    /// <summary>Whether a topic was removed and made again since the last look.</summary>
    public bool IsAnyReplaced(IReadOnlyList<TopicDescription> topics)
    {
        var isReplaced = false;
        foreach (var topic in topics)
        {
            var id = (topic.TopicId.MostSignificantBits, topic.TopicId.LeastSignificantBits);
            if (_ids.TryGetValue(topic.Name, out var before) && before != id)
            {
                Log.TopicReplaced(logger, topic.Name);
                isReplaced = true;
            }

            if (before != id)
            {
                _lookedAt = null;
            }

            _ids[topic.Name] = id;
        }

        return isReplaced;
    }

    /// <summary>Looks at settings every now and then, and at those of a topic that is new at once.</summary>
    /// <exception cref="KafkaException">Kafka doesn't answer.</exception>
    public async Task LookAtSettingsAsync(ProducerSession session, IReadOnlyList<TopicDescription> topics)
    {
        if (topics.Count == 0 || _cannot || (_lookedAt is { } last && time.GetElapsedTime(last) < SettingsInterval))
        {
            return;
        }

        _lookedAt = time.GetTimestamp();
        IReadOnlyDictionary<string, TopicAnswer> answers;
        int brokers;
        try
        {
            (answers, brokers) = await session.ReadSettingsAsync(topics.Select(static topic => topic.Name));
        }
        catch (KafkaException refused) when (refused.Error.Code is ErrorCode.Local_UnsupportedFeature or ErrorCode.UnsupportedVersion
            or ErrorCode.ClusterAuthorizationFailed)
        {
            _cannot = true;
            Log.TopicNotChecked(logger, string.Join(", ", topics.Select(static topic => topic.Name)), refused.Error.Reason);
            return;
        }

        var troubles = new List<string>();
        foreach (var topic in topics)
        {
            var answer = answers[topic.Name];
            if (answer.Settings is not { } set)
            {
                // Reading settings takes a right of its own, which publishing doesn't need.
                if (_unchecked.Add(topic.Name))
                {
                    Log.TopicNotChecked(logger, topic.Name, answer.Fault!.Reason);
                }

                continue;
            }

            _unchecked.Remove(topic.Name);
            var facts = new TopicFacts(null, topic.Partitions.Count, topic.Partitions.Min(static partition => partition.Replicas.Count), brokers);
            if (TopicRules.FindRefusal(topic.Name, facts, set) is { } refusal)
            {
                troubles.Add(refusal);
                if (_told.Add(refusal))
                {
                    Log.TopicRefused(logger, refusal);
                }
            }

            foreach (var weakness in TopicRules.FindWeaknesses(topic.Name, facts, set, options.Shards).Where(_told.Add))
            {
                Log.TopicWeak(logger, weakness);
            }

            foreach (var tooLarge in TopicRules.FindTooLarge(topic.Name, set, _limits).Where(_told.Add))
            {
                Log.TopicTooSmall(logger, tooLarge);
            }
        }

        _troubles = troubles;
    }
}
