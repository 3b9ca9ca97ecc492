using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Tally.Inbox.Auditing;
using Tally.Inbox.Chain;
using Tally.Inbox.Diagnostics;
using Tally.Inbox.Folding;
using Tally.Inbox.Storage;

namespace Tally.Inbox.Consuming;

/// <summary>
/// One consumer's life: consumes, folds in memory, and has one commit under way beside. Everything here runs on one thread, the callbacks of the
/// consumer too. What is durable: a fold once its commit is confirmed, and with it the offsets; nothing else counts.
/// </summary>
internal sealed partial class ConsumeLoop<TState, TEvent> : IDisposable
{
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(100);

    // An answer about a doubtful event is due soon.
    private static readonly TimeSpan IdleInDoubt = TimeSpan.FromMilliseconds(5);

    // Looking at the clock for each event would cost more than it's worth.
    private const uint CheckAfterTaken = 1024;

    private static readonly TimeSpan CheckEvery = TimeSpan.FromMilliseconds(250);

    private readonly InboxOptions _options;
    private readonly Folder<TState, TEvent> _folder;
    private readonly FoldCommitter<TState, TEvent> _committer;
    private readonly Func<StoredPositions<TState>> _readPositions;
    private readonly InboxHandler<TState, TEvent> _handler;
    private readonly FoldStatements<TState, TEvent> _statements;
    private readonly InboxMonitor _monitor;
    private readonly AuditExchange _exchange;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RetryPause _pause;
    private readonly CancellationToken _stopping;
    private readonly IConsumer<byte[], byte[]> _consumer;
    private readonly GroupOffsets _groupOffsets;
    private readonly ErrorNews _errorNews;
    private readonly Rebootstrap _rebootstrap;
    private readonly bool _traces = InboxTracing.IsOn;
    private List<TopicPartition> _assigned = [];
    private bool _joined;

    // Since when it waits for partitions, while it does.
    private long _waitsSince;
    private volatile bool _closing;

    // Its successor runs already: what it still hears must not be said.
    private volatile bool _abandoned;
    private bool _stalled;
    private long _checkedAt;
    private uint _taken;

    public ConsumeLoop(LoopParts<TState, TEvent> parts, CancellationToken stopping)
    {
        _options = parts.Options;
        _folder = parts.Folder;
        _committer = parts.Committer;
        _readPositions = parts.ReadPositions;
        _handler = parts.Handler;
        _statements = parts.Statements;
        _monitor = parts.Monitor;
        _exchange = parts.Exchange;
        _time = parts.Time;
        _logger = parts.Logger;
        _pause = new RetryPause(_options.MaxRetryPause);
        _stopping = stopping;
        var settings = ConsumerSettings.Build(_options);
        _errorNews = new ErrorNews(_time);
        _rebootstrap = new Rebootstrap(_time, settings.BootstrapServers);
        _consumer = new ConsumerBuilder<byte[], byte[]>(settings)
            .SetPartitionsAssignedHandler((_, partitions) => OnAssigned(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => OnRevoked(partitions))
            .SetPartitionsLostHandler((_, partitions) => OnLost(partitions))
            .SetErrorHandler(OnError)
            .SetLogHandler((_, message) => OnLog(message))
            .Build();
        _groupOffsets = new GroupOffsets(_consumer, _options.Topic, _time, _logger);
    }

    /// <summary>Runs until it's asked to stop. Any exception means: make a new one.</summary>
    public void Run()
    {
        _monitor.NotReady("joining the consumer group");
        _waitsSince = _time.GetTimestamp();
        _consumer.Subscribe(_options.Topic);
        while (!_stopping.IsCancellationRequested)
        {
            Turn();
        }

        CommitPending();
        _groupOffsets.Finish(StopPatience);
    }

    public void Dispose()
    {
        // What is not committed comes again: closing must not fold any more.
        _closing = true;
        if (!_stopping.IsCancellationRequested)
        {
            _committer.WaitIdle();
        }

        var closing = Task.Run(Close);
        var closed = ((IAsyncResult)closing).AsyncWaitHandle;
        WaitHandle.WaitAny([closed, _stopping.WaitHandle], _options.JoinTimeout);
        if (!closed.WaitOne(_stopping.IsCancellationRequested ? StopPatience : TimeSpan.Zero))
        {
            // Leaving the group waits for a broker that doesn't answer. The group finds out by itself.
            _abandoned = true;
            Log.NotClosed(_logger);
        }
    }

    private void Close()
    {
        _groupOffsets.WaitIdle(StopPatience);
        if (!_stalled)
        {
            // One that stalled would most likely wait here for the same thing. The broker misses its heartbeats, and takes it out of the group.
            TryLeave();
        }

        _consumer.Dispose();
    }

    private void TryLeave()
    {
        try
        {
            _consumer.Close();
        }
        catch (KafkaException failure)
        {
            Log.KafkaError(_logger, failure.Error.Reason, failure.Error.Code.ToString());
        }
    }

    private void Turn()
    {
        Settle();
        if (_mayBePaused)
        {
            _consumer.Resume(_assigned);
            _mayBePaused = false;
        }

        if (_exchange.HasFindings || _folder.Doubts != _doubtsTold)
        {
            Audit();
        }

        if (_folder.MustReadAgain)
        {
            // What was folded up to there first, or it would be dropped in the same way again.
            CommitPending();
            ReadAgain();
        }

        if (_consumer.Consume(TimeSpan.Zero) is { } next)
        {
            Take(next);
            // While more is waiting, commits are few and large.
            if (_folder.Pending >= _options.FoldTarget)
            {
                CommitOrWait();
            }
            else if (++_taken % CheckAfterTaken != 0)
            {
                return;
            }
        }
        else if (!_folder.HasPending)
        {
            if (_consumer.Consume(_folder.HasDoubts ? IdleInDoubt : Idle) is { } awaited)
            {
                Take(awaited);
            }
        }
        else if (_committer.IsIdle)
        {
            // Nothing else can be committed before this one ends, so there's no hurry to consume: what comes meanwhile comes as one bunch.
            StartCommit();
            _committer.WaitIdle(Idle);
        }
        else
        {
            _committer.WaitIdle(Idle);
        }

        if (_time.GetElapsedTime(_checkedAt) >= CheckEvery)
        {
            Check();
        }
    }

    private void CommitOrWait()
    {
        if (_committer.IsIdle)
        {
            StartCommit();
        }
        else if (_folder.Pending >= _options.MaxFoldEvents)
        {
            _committer.WaitIdle(Idle);
        }
    }

    private void Take(ConsumeResult<byte[], byte[]> result)
    {
        FaultPoint.Reach("fold.after-poll");
        var trace = _traces ? InboxTracing.TraceOf(result, _options.Topic, _options.GroupId, _time.GetUtcNow()) : null;
        _folder.Take(new RawMessage(_options.Topic, result.Partition.Value, result.Offset.Value, result.Message.Key, result.Message.Value, trace));
        _nextOffsets[result.Partition.Value] = result.Offset.Value + 1;
    }

    private void StartCommit()
    {
        Settle();
        if (_folder.HasPending)
        {
            _committer.Start(_folder.Complete());
        }
    }
}
