using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Tally.Inbox.Auditing;
using Tally.Inbox.Chain;
using Tally.Inbox.Diagnostics;
using Tally.Inbox.Storage;

namespace Tally.Inbox.Consuming;

/// <content>What the consumer group and the clock ask for.</content>
internal sealed partial class ConsumeLoop<TState, TEvent>
{
    private static readonly TimeSpan MeasureLagEvery = TimeSpan.FromSeconds(1);
    private long _lagMeasuredAt;
    private Error? _fatal;

    // A partition that is taken away at the moment when it's paused can come back paused.
    private bool _mayBePaused;

    /// <summary>An exception from here leaves Consume and ends this consumer: going on would mean going on with nothing assigned.</summary>
    private List<TopicPartitionOffset> OnAssigned(List<TopicPartition> partitions)
    {
        TakeTopicId();
        var stored = Load();
        _joined = true;
        _mayBePaused = true;
        _assigned = [.. partitions.OrderBy(static partition => partition.Partition.Value)];
        _starts = _assigned.ConvertAll(partition => StartOf(partition, stored));
        Log.Assigned(_logger, Names(_assigned), string.Join(", ", _starts.Select(static start => start.Offset)));
        _monitor.Assigned(_assigned.ConvertAll(static partition => partition.Partition.Value));
        _monitor.Ready();
        return _starts;
    }

    private void OnRevoked(List<TopicPartitionOffset> partitions)
    {
        if (!_closing)
        {
            CommitPending();
        }

        GiveUp(partitions);
    }

    /// <summary>Others hold the partitions already. A commit under way collides with theirs, or was first.</summary>
    private void OnLost(List<TopicPartitionOffset> partitions) => GiveUp(partitions);

    private void GiveUp(List<TopicPartitionOffset> partitions)
    {
        Log.Revoked(_logger, Names(partitions.ConvertAll(static partition => partition.TopicPartition)));
        if (!_closing)
        {
            Forget();
        }

        _joined = false;
        _assigned = [];
        _exchange.View = LoopView.Nothing;
        _monitor.NotReady("the consumer group is being rearranged");
        _monitor.Assigned([]);
    }

    private TopicPartitionOffset StartOf(TopicPartition partition, StoredPositions<TState> stored) =>
        new(partition, stored.NextOffset(_options.Topic, _folder.TopicId, partition.Partition.Value) is { } next ? new Offset(next) : Offset.Beginning);

    private void OnError(Error error)
    {
        Log.KafkaError(_logger, error.Reason, error.Code.ToString());
        if (error.IsFatal)
        {
            // Thrown by the loop: what is thrown in here is swallowed.
            _fatal = error;
        }
    }

    private void OnLog(LogMessage message) =>
        Log.KafkaLog(_logger, (LogLevel)message.LevelAs(LogLevelType.MicrosoftExtensionsLogging), message.Facility, message.Message);

    /// <summary>Called a few times a second: gaps, lag, status.</summary>
    private void Check()
    {
        if (_fatal is not null)
        {
            throw new KafkaException(_fatal);
        }

        if (_exchange.Refusal is { } refusal)
        {
            throw new TopicRefusedException(refusal);
        }

        _checkedAt = _time.GetTimestamp();
        foreach (var chain in _folder.Chains)
        {
            if (!chain.PinsOffsets && chain.Trouble is null)
            {
                continue;
            }

            var before = chain.Trouble;
            if (chain.CheckGap(_time, _options.GapGrace))
            {
                if (AnotherWentOn(chain))
                {
                    return;
                }

                _monitor.GapFound(chain.Trouble!);
            }
            else if (before is not null && chain.Trouble is null)
            {
                _monitor.GapClosed(chain.Shard);
            }
        }

        MeasureLag();
        ComparePositions();
        if (TakeTopicId() && _joined)
        {
            // The offsets are of a topic that is gone.
            CommitPending();
            ReadAgain();
        }

        Show();
        _monitor.Publish(_folder.Chains);
    }

    /// <summary>
    /// Before a gap is called one: the shard may have been folded by another instance, while its events came through a partition that was not ours.
    /// </summary>
    private bool AnotherWentOn(ShardChain<TState> chain)
    {
        try
        {
            if (!_readPositions().Shards.Any(stored => stored.Position.Shard == chain.Shard && stored.Position.Sequence > chain.Sequence))
            {
                return false;
            }

            ReadAgain();
        }
        catch (Exception failure) when (IsPassing(failure))
        {
            Recover(failure);
        }

        return true;
    }

    private void MeasureLag()
    {
        if (_time.GetElapsedTime(_lagMeasuredAt) < MeasureLagEvery)
        {
            return;
        }

        _lagMeasuredAt = _time.GetTimestamp();
        var lags = new List<KeyValuePair<int, long>>(_assigned.Count);
        foreach (var partition in _assigned)
        {
            // What librdkafka remembers of its last fetch: no request is made.
            var end = _consumer.GetWatermarkOffsets(partition).High;
            var next = _consumer.Position(partition);
            if (end != Offset.Unset && next != Offset.Unset)
            {
                lags.Add(new(partition.Partition.Value, Math.Max(0, end - next)));
            }
        }

        _monitor.SetLags(lags);
    }

    private static string Names(List<TopicPartition> partitions) => string.Join(", ", partitions.Select(static partition => partition.Partition.Value));
}
