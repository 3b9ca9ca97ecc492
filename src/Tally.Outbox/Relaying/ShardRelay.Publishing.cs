using Confluent.Kafka;
using Tally.Outbox.Diagnostics;
using Tally.Outbox.Storage;

namespace Tally.Outbox.Relaying;

internal sealed partial class ShardRelay
{
    private const int BatchesPerRead = 200;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan QueueFullPause = TimeSpan.FromMilliseconds(20);

    private async Task RunAsync()
    {
        while (!_isStopping)
        {
            if (!_isFollowing || !_context.Options.RelayEnabled || _stoppedBecause is not null)
            {
                await _signal.WaitAsync();
                continue;
            }

            try
            {
                BeginRewind();
                await PublishAsync();
            }
            catch (KafkaException hopeless) when (ProducerSession.IsHopeless(hopeless.Error))
            {
                Stop(hopeless.Error.Reason);
            }
            catch (Exception fault) when (fault is KafkaException || DatabaseTrouble.Is(fault))
            {
                // Nothing is lost: the table has it, and the next round begins behind the last acknowledged result.
                GiveUpStream();
                _context.Metrics.PublishFailed(_shard);
                Log.RelayTrouble(_context.Logger, _shard, fault.Message);
                await Task.Delay(Pause, _context.Time);
            }
            catch (ShardStoppedException fault)
            {
                if (IsNews())
                {
                    // Rows vanish while a database is put back to a copy, too. Its writer notices with its next statement, and the shard is followed anew.
                    Log.RelayTrouble(_context.Logger, _shard, fault.Message);
                    await Task.Delay(Pause, _context.Time);
                }
                else
                {
                    Stop(fault.Message);
                }
            }
        }

        GiveUpStream();
    }

    /// <summary>Whether results have been missing for less than a lease time since the shard was followed.</summary>
    private bool IsNews()
    {
        if (_missedIn != _follows)
        {
            (_missedIn, _missedAt) = (_follows, _context.Time.GetTimestamp());
        }

        return _context.Time.GetElapsedTime(_missedAt) < _context.Options.LeaseTime;
    }

    /// <summary>
    /// Goes back, and no farther ahead than before: what is acknowledged is less from now on, but what the table says was relayed stays as it is, since
    /// that says where a new owner begins without a wish.
    /// </summary>
    private void BeginRewind()
    {
        // Before the wish: one of a turn that is over must not be taken for this turn's.
        var follows = _follows;
        if (_rewindingSince != follows)
        {
            // The shard was somebody else's meanwhile. If the wish is still open, it comes again.
            _rewinding = null;
        }

        if (IsAskedToRewind && _wish is { } wish)
        {
            _rewinding = wish;
            _rewindingSince = follows;
            _rewindingUpTo = Volatile.Read(ref _committed);
            FaultPoint.Reach("rewind");
            lock (_acknowledging)
            {
                if (_follows != follows)
                {
                    // Followed anew this moment. If the wish is still open, it comes again.
                    return;
                }

                BeginBehindUnderLock(Math.Min(_acknowledged, wish.FromSequence - 1));
            }

            Log.Rewinding(_context.Logger, _shard, wish.FromSequence, _rewindingUpTo);
        }
    }

    private void EndRewind()
    {
        if (_rewinding is { } rewinding && _rewindingSince == _follows && Acknowledged >= _rewindingUpTo)
        {
            FaultPoint.Reach("rewind");
            _rewinding = null;
            _rewound = rewinding;
        }
    }

    /// <summary>Publishes over one session until it fails, or the shard or the process has to go.</summary>
    private async Task PublishAsync()
    {
        var session = await _producers.EnterAsync(_rewinding?.Noticed);
        var stream = Begin(session);
        try
        {
            await PublishAsync(stream);
        }
        finally
        {
            stream.End();
            _ = session.Leave();
        }

        if (session is { IsFailed: true, IsRetired: false } && _stoppedBecause is null)
        {
            // The same may happen again.
            _context.Metrics.PublishFailed(_shard);
            await Task.Delay(Pause, _context.Time);
        }
    }

    /// <summary>A stream behind what is acknowledged, never behind what was acknowledged before the shard was followed anew.</summary>
    private PublishStream Begin(ProducerSession session)
    {
        lock (_acknowledging)
        {
            var stream = new PublishStream(session, this, _acknowledged);
            _stream = stream;
            if (_handedIn != _follows)
            {
                // What another instance published, or another history, doesn't count.
                (_handedIn, _handedTo) = (_follows, stream.Published);
            }

            return stream;
        }
    }

    private async Task PublishAsync(PublishStream stream)
    {
        while (CanGoOn(stream))
        {
            EndRewind();
            var committed = Volatile.Read(ref _committed);
            if (_handOff.TryTake(out var batch))
            {
                if (batch.Epoch < Volatile.Read(ref _handedOffSince))
                {
                    // From before another instance had the shard, or of a history that the table doesn't hold any more.
                    continue;
                }

                if (batch.FirstSequence > stream.Published + 1)
                {
                    await PublishTableAsync(stream, batch.FirstSequence - 1);
                }

                await PublishBatchAsync(stream, batch);
            }
            else if (stream.Published < committed)
            {
                await PublishTableAsync(stream, committed);
            }
            else
            {
                await WaitForWorkAsync(stream);
            }
        }
    }

    private async ValueTask WaitForWorkAsync(PublishStream stream)
    {
        if (_rewinding is null)
        {
            await _signal.WaitAsync();
        }
        else
        {
            // The last acknowledgement of a rewind is work, too.
            await WaitForDeliveryAsync(stream);
        }
    }

    /// <summary>Publishes from the table, and nothing that the writer doesn't know to be committed: what is visible there may still be missing on a replica.</summary>
    private async Task PublishTableAsync(PublishStream stream, long upTo)
    {
        while (stream.Published < upTo && CanGoOn(stream))
        {
            var before = stream.Published;
            await foreach (var batch in _context.Batches.ReadAsync(_shard, before + 1, upTo, BatchesPerRead, CancellationToken.None))
            {
                if (!CanGoOn(stream))
                {
                    return;
                }

                if (batch.FirstSequence > stream.Published + 1)
                {
                    await PassTrimmedAsync(stream, stream.Published + 1, batch.FirstSequence - 1);
                    return;
                }

                await PublishBatchAsync(stream, batch);
            }

            // All of it was committed before this read began.
            if (stream.Published == before && CanGoOn(stream))
            {
                await PassTrimmedAsync(stream, before + 1, upTo);
                return;
            }

            _context.Metrics.ReadFromTable(_shard, stream.Published - before);
        }
    }

    /// <summary>
    /// Results are missing. Trimmed ones were all acknowledged, to the shard's owner of that time: this instance stood still meanwhile, or was given an old
    /// copy of how far it is. Then a new stream begins behind them.
    /// </summary>
    /// <exception cref="ShardStoppedException">They weren't trimmed, so they are lost.</exception>
    private async Task PassTrimmedAsync(PublishStream stream, long from, long to)
    {
        var trimmed = (await _context.Trims.ReadAsync(_shard, CancellationToken.None)).LastSequence;
        if (trimmed < from)
        {
            throw ShardStoppedException.Missing(from, to);
        }

        lock (_acknowledging)
        {
            // Else the shard was followed anew meanwhile, and what was looked at is over.
            if (_stream == stream)
            {
                BeginBehindUnderLock(Math.Max(_acknowledged, trimmed));
            }
        }
    }

    /// <summary>Publishes what of a batch lies behind the last published result.</summary>
    private async ValueTask PublishBatchAsync(PublishStream stream, CommittedBatch batch)
    {
        // A stream that can't go on may have left out what is before this batch. It never can again, so that is decided here.
        if (batch.LastSequence <= stream.Published || !CanGoOn(stream))
        {
            return;
        }

        if (stream.Topic is not null && stream.Topic != batch.Topic)
        {
            // Reports come in order within a partition only, and another topic is another partition.
            await WaitForAllDeliveriesAsync(stream);
        }

        var place = await PlaceAsync(stream, batch.Topic);
        stream.Watch(batch.LastSequence);
        for (var i = (int)(stream.Published + 1 - batch.FirstSequence); i < batch.Payloads.Length; i++)
        {
            var headers = StoredHeaders.Read(batch.Headers?[i], batch.FirstSequence + i);
            if (headers is not null)
            {
                stream.Trace(headers, place, _shard, batch.Epoch, batch.FirstSequence + i);
            }

            var message = new Message<byte[], byte[]>
            {
                Key = _key,
                Value = batch.Payloads[PlaceOf(i, batch.Payloads.Length)],
                Headers = _cloudEvents?.AddTo(headers, batch.Epoch, batch.FirstSequence + i) ?? headers,
            };

            while (true)
            {
                if (!CanGoOn(stream))
                {
                    return;
                }

                if (stream.Published - Acknowledged >= _context.Options.MaxInFlight)
                {
                    await WaitForDeliveryAsync(stream);
                }
                else if (stream.Session.TryProduce(place, message, stream.Delivered))
                {
                    break;
                }
                else
                {
                    // Other shards may have filled librdkafka's queue, and nothing of this one may be under way whose report could end a wait.
                    await Task.Delay(QueueFullPause, _context.Time);
                }
            }

            if (Sabotage.Is(Sabotage.Double) && i == 0)
            {
                stream.Session.TryProduce(place, message, static _ => { });
            }

            stream.Published++;
            if (stream.Published <= _handedTo)
            {
                Volatile.Write(ref _republished, _republished + 1);
            }
            else
            {
                _handedTo = stream.Published;
            }

            FaultPoint.Reach("relay.after-produce");
        }
    }

    private async ValueTask<TopicPartition> PlaceAsync(PublishStream stream, string topic)
    {
        try
        {
            var place = await stream.PlaceAsync(topic, _shard);
            _missingTopic = null;
            return place;
        }
        catch (KafkaException missing) when (missing.Error.Code == ErrorCode.UnknownTopicOrPart)
        {
            _missingTopic = topic;
            throw;
        }
    }

    /// <summary>Which payload goes to a place of its batch: the one that was stored there.</summary>
    private static int PlaceOf(int i, int count) =>
        Sabotage.Is(Sabotage.Drop) && i == 1 ? 0
        : Sabotage.Is(Sabotage.Swap) && i <= 1 && count > 1 ? 1 - i
        : i;

    private bool CanGoOn(PublishStream stream) =>
        !_isStopping && _isFollowing && _stream == stream && !stream.Session.IsFailed && !IsAskedToRewind;

    private bool IsAskedToRewind => _wish is { } wish && wish.Id != _rewinding?.Id && wish.Id != _rewound?.Id;
}
