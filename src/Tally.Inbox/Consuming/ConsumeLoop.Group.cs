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
        var starts = StartsOf(stored);
        Log.Assigned(_logger, Names(_assigned), string.Join(", ", starts.Select(static start => start.Offset)));
        _monitor.Assigned(_assigned.ConvertAll(static partition => partition.Partition.Value));
        _monitor.Ready();
        return starts;
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
        if (_abandoned)
        {
            return;
        }

        Log.Revoked(_logger, Names(partitions.ConvertAll(static partition => partition.TopicPartition)));
        if (!_closing)
        {
            Forget();
        }

        _joined = false;
        _waitsSince = _time.GetTimestamp();
        _assigned = [];
        _groupOffsets.Forget();
        _exchange.View = LoopView.Nothing;
        _monitor.NotReady("the consumer group is being rearranged");
        _monitor.Assigned([]);
    }

    private List<TopicPartitionOffset> StartsOf(StoredPositions<TState> stored)
    {
        var starts = _assigned.ConvertAll(partition => StartOf(partition, stored));
        _nextOffsets = starts.ToDictionary(static start => start.Partition.Value, static start => start.Offset.IsSpecial ? (long?)null : start.Offset.Value);
        return starts;
    }

    private TopicPartitionOffset StartOf(TopicPartition partition, StoredPositions<TState> stored) =>
        new(partition, stored.NextOffset(_options.Topic, _folder.TopicId, partition.Partition.Value) is { } next ? new Offset(next) : Offset.Beginning);

    private void OnError(IClient consumer, Error error)
    {
        if (error.Code == ErrorCode.Local_AllBrokersDown)
        {
            _rebootstrap.OnAllDown(consumer);
        }

        if (_errorNews.Is(error))
        {
            Log.KafkaError(_logger, error.Reason, error.Code.ToString());
        }

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
        EndWhenStalled();
        EndWhenNothingIsRead();
        _groupOffsets.CommitNowAndThen();
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
    /// A request to join that a half-open connection swallowed is waited for as long as a rebalance may take, which is minutes; and whatever else a consumer
    /// waits for, a new one begins anew. While Kafka is away, that costs little.
    /// </summary>
    private void EndWhenStalled()
    {
        if (!_joined && _time.GetElapsedTime(_waitsSince) is var waited && waited >= _options.JoinTimeout)
        {
            _stalled = true;
            throw new NotAssignedException(waited);
        }
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
            if (end != Offset.Unset && _nextOffsets.GetValueOrDefault(partition.Partition.Value) is { } next)
            {
                lags.Add(new(partition.Partition.Value, Math.Max(0, end - next)));
            }
        }

        _monitor.SetLags(lags);
    }

    private static string Names(List<TopicPartition> partitions) => string.Join(", ", partitions.Select(static partition => partition.Partition.Value));
}
