using System.Runtime.ExceptionServices;
using Confluent.Kafka;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tally.Inbox.Chain;
using Tally.Inbox.Diagnostics;
using Tally.Inbox.Storage;

namespace Tally.Inbox.Auditing;

/// <summary>
/// Compares what is folded with what the outbox holds, every few seconds, also while nothing is sent: finds what Kafka lost and has it sent again, and finds
/// histories that parted. Each instance looks at the shards whose partitions it holds. It changes nothing itself: findings go to the consuming thread, and a
/// wish for a rewind is durable at the outbox once it's answered. It also tells the outbox what is held. A crash loses nothing but the memory of how long a
/// shard stood still, and of what was told.
/// </summary>
internal sealed partial class Auditor<TState, TEvent>(
    InboxDatabase database,
    PositionReader<TState> positions,
    InboxHandler<TState, TEvent> handler,
    TopicProbe probe,
    AuditExchange exchange,
    InboxMetrics metrics,
    IOptions<InboxOptions> options,
    TimeProvider time,
    ILoggerFactory loggers,
    IInboxSource<TState>? outbox = null) : BackgroundService
{
    private readonly ILogger _logger = loggers.CreateLogger("Tally.Inbox.Audit");
    private readonly TopicGuard _guard = new(options.Value.Topic, probe.ReadSettingsAsync, time, loggers.CreateLogger("Tally.Inbox.Audit"));
    private readonly RowJudge<TState, TEvent> _judge = new(handler);
    private readonly Dictionary<int, ShardAudit> _shards = [];
    private readonly QuarantineReader _quarantine = new(options.Value.SchemaName);
    private readonly Confirmations _confirmations = new(options.Value.GroupId, time);
    private readonly ReadWatch _reads = new(options.Value.JoinTimeout);
    private readonly long _started = time.GetTimestamp();
    private bool _failed;
    private bool _otherSystem;

    // Whether the consuming thread has begun; before, the tables may not be there.
    private bool _begun;

    // Whether this round came to look at the shards.
    private bool _looked;

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (outbox is null)
        {
            Log.AuditWithoutSource(_logger);
        }

        while (!stoppingToken.IsCancellationRequested)
        {
            var worked = await TryRoundAsync(stoppingToken);
            if (worked)
            {
                await exchange.WaitAsync(options.Value.AuditInterval, stoppingToken);
            }
            else
            {
                // Who waits doesn't make it work any sooner.
                await Task.Delay(options.Value.AuditInterval, time, stoppingToken);
            }
        }
    }

    private async Task<bool> TryRoundAsync(CancellationToken cancellationToken)
    {
        _looked = false;
        try
        {
            if (await LookAtTopicAsync(cancellationToken) && outbox is not null)
            {
                await CompareAsync(outbox, cancellationToken);
            }

            _begun |= metrics.Status.IsReady;
            if (_begun)
            {
                metrics.SetQuarantineSize(await _quarantine.CountAsync(database.Source, cancellationToken));
            }

            if (_failed)
            {
                _failed = false;
                Log.AuditWorksAgain(_logger);
            }

            return true;
        }
        catch (Exception failure) when (failure is KafkaException or InboxSourceException || DatabaseTrouble.Is(failure))
        {
            exchange.TopicUnknown();
            metrics.AuditFailed();
            metrics.SetQuarantineSize(null);
            if (!_looked)
            {
                // Time in which nobody could look proves nothing.
                _shards.Clear();
                _reads.Clear();
                metrics.NotCompared();
            }

            if (!_failed)
            {
                _failed = true;
                Log.AuditFailed(_logger, failure);
            }

            return false;
        }
    }

    /// <returns>False when it's another topic than before: then the consuming thread starts anew, and there is nothing to compare yet.</returns>
    private async Task<bool> LookAtTopicAsync(CancellationToken cancellationToken)
    {
        var before = exchange.Topic;
        var now = await probe.DescribeAsync(cancellationToken);
        if (now is not null)
        {
            await _guard.LookAsync(now, cancellationToken);
        }

        exchange.SetTopic(now, _guard.Refusal);
        if (before?.Id is not { } old || now?.Id is not { } id || old == id)
        {
            return true;
        }

        Log.TopicReplaced(_logger, options.Value.Topic, old, id);
        return false;
    }

    private async Task CompareAsync(IInboxSource<TState> outbox, CancellationToken cancellationToken)
    {
        // In this order: what is held was committed at the outbox before, and what was relayed lies before the ends that are asked for afterwards.
        var view = exchange.View;
        if (view.NextOffsets.Count == 0 || exchange.Topic is not { } topic)
        {
            _shards.Clear();
            _reads.Clear();
            metrics.NotCompared();
            if (view.NextOffsets.Count == 0 && metrics.Status.IsReady)
            {
                // The others hold all partitions, and compare.
                metrics.Audited();
            }

            return;
        }

        var stored = await positions.ReadAsync(database.Source, cancellationToken);
        var source = await outbox.ReadPositionsAsync(cancellationToken);
        if (stored.Source is { } system && system != source.System)
        {
            if (!_otherSystem)
            {
                _otherSystem = true;
                Log.OtherSystem(_logger, source.System, system);
            }

            metrics.NotCompared();
            return;
        }

        _otherSystem = false;
        _looked = true;
        ExceptionDispatchInfo? failure = null;
        var held = new List<SourcePlace>(source.Shards.Count);
        int compared = 0, differences = 0;
        foreach (var shard in source.Shards)
        {
            // As the relay spreads them. Where it did so before partitions were added nothing depends on it: sending again is harmless.
            var partition = shard.Shard % topic.Partitions;
            if (view.NextOffsets.ContainsKey(partition))
            {
                try
                {
                    await CompareAsync(outbox, stored, view, shard, partition, cancellationToken);
                    if (await AgreesAsync(outbox, stored, shard.Shard, cancellationToken) is { } agrees)
                    {
                        compared++;
                        differences += agrees ? 0 : 1;
                    }
                }
                catch (Exception away) when (away is KafkaException or InboxSourceException)
                {
                    // The other shards must not wait for this one, whose partition may have no leader.
                    _shards.Remove(shard.Shard);
                    _reads.Forget(partition);
                    failure ??= ExceptionDispatchInfo.Capture(away);
                }

                var (position, _) = _judge.HeldOf(stored, shard.Shard);
                held.Add(new SourcePlace(shard.Shard, position.Epoch, position.Sequence));
            }
            else
            {
                _shards.Remove(shard.Shard);
                _reads.Forget(partition);
            }
        }

        var unknown = 0;
        foreach (var shard in UnknownShards(stored, view, source).Where(shard => view.NextOffsets.ContainsKey(shard % topic.Partitions)))
        {
            CompareUnknown(stored, view, shard);
            unknown += _judge.HeldOf(stored, shard).Position.Sequence > 0 ? 1 : 0;
        }

        metrics.Compared(compared + unknown, differences + unknown);

        // As it was read from the database, never from memory: what is confirmed may be gone from the outbox a moment later.
        await _confirmations.SendAsync(outbox, source.System, held, cancellationToken);
        failure?.Throw();
        if (compared == held.Count)
        {
            metrics.Audited();
        }
    }

    /// <summary>What something came of, though the outbox has no such shard.</summary>
    private static IEnumerable<int> UnknownShards(StoredPositions<TState> stored, LoopView view, SourcePositions source) =>
        stored.Shards.Select(static held => held.Position.Shard)
            .Concat(view.Chains.Select(static chain => chain.Shard))
            .Except(source.Shards.Select(static known => known.Shard));
}
