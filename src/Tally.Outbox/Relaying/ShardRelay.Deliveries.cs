using Confluent.Kafka;

namespace Tally.Outbox.Relaying;

/// <content>What Kafka says of the results that were given to it.</content>
internal sealed partial class ShardRelay
{
    private async ValueTask WaitForAllDeliveriesAsync(PublishStream stream)
    {
        while (Acknowledged < stream.Published && CanGoOn(stream))
        {
            await WaitForDeliveryAsync(stream);
        }
    }

    private async ValueTask WaitForDeliveryAsync(PublishStream stream)
    {
        var seen = Acknowledged;
        stream.Block();
        if (seen == Acknowledged && seen < stream.Published)
        {
            await _signal.WaitAsync();
        }

        stream.Unblock();
    }

    /// <summary>Kafka has the next result of the stream. On the producer's thread.</summary>
    internal void OnAcknowledged(PublishStream stream, long sequence)
    {
        lock (_acknowledging)
        {
            // One by one: what is missing between is not acknowledged.
            if (_stream != stream || _acknowledged != sequence - 1)
            {
                return;
            }

            Volatile.Write(ref _acknowledged, sequence);
        }

        _published++;
        FaultPoint.Reach("relay.after-ack");
    }

    /// <summary>Kafka won't take a result of the stream, so that nothing behind it counts. On the producer's thread.</summary>
    internal void OnFailed(PublishStream stream, Error error)
    {
        _context.Metrics.DeliveryFailed(_shard);
        lock (_acknowledging)
        {
            if (_stream != stream)
            {
                return;
            }

            _stream = null;
        }

        if (ProducerSession.IsHopeless(error))
        {
            Stop(error.Reason);
        }

        stream.Session.Fail(error);
    }

    internal void OnWatched(TimeSpan took) => _context.Metrics.PublishTook(took);

    internal void Wake() => _signal.Raise();
}
