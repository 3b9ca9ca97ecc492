using System.Diagnostics;
using Confluent.Kafka;
using Tally.Outbox.Diagnostics;

namespace Tally.Outbox.Relaying;

/// <summary>
/// What one session publishes of a shard. All of it goes to one partition at a time, so its reports come in the order of publishing, on the producer's
/// thread, and counting them tells how far Kafka has everything.
/// </summary>
internal sealed class PublishStream
{
    private readonly ShardRelay _relay;
    private long _acknowledged;
    private TopicPartition? _place;
    private volatile bool _isBlocked;

    // Made by the loop with the first traced result.
    private volatile SendTraces? _traces;

    // The result whose way to Kafka is timed; 0 while none is. Set by the loop, cleared by the producer's thread.
    private long _watched;
    private long _watchedSince;

    public PublishStream(ProducerSession session, ShardRelay relay, long behind)
    {
        _relay = relay;
        Session = session;
        Published = behind;
        _acknowledged = behind;
        Delivered = OnDelivered;
    }

    public ProducerSession Session { get; }

    public Action<DeliveryReport<byte[], byte[]>> Delivered { get; }

    /// <summary>The last sequence that was handed to the producer.</summary>
    public long Published { get; set; }

    /// <summary>Where the last one went; null before the first.</summary>
    public string? Topic { get; private set; }

    public async ValueTask<TopicPartition> PlaceAsync(string topic, int shard)
    {
        if (Topic != topic)
        {
            _place = new TopicPartition(topic, shard % await Session.PartitionsOfAsync(topic));
            Topic = topic;
        }

        return _place!;
    }

    /// <summary>Times how long a result takes that is about to be handed over, unless another is being timed.</summary>
    public void Watch(long sequence)
    {
        if (Volatile.Read(ref _watched) == 0)
        {
            _watchedSince = Stopwatch.GetTimestamp();
            Volatile.Write(ref _watched, sequence);
        }
    }

    /// <summary>Follows a result that is about to be handed over, if it's traced.</summary>
    public void Trace(Headers headers, TopicPartition place, int shard, long epoch, long sequence)
    {
        if (OutboxTracing.StartSend(headers, place, shard, epoch, sequence) is { } span)
        {
            (_traces ??= new SendTraces()).Add(sequence, span);
        }
    }

    /// <summary>Nothing is published over it any more.</summary>
    public void End() => _traces?.GiveUp();

    /// <summary>The relay waits for a report: from now on each wakes it. The fence makes either side see the other.</summary>
    public void Block()
    {
        _isBlocked = true;
        Interlocked.MemoryBarrier();
    }

    public void Unblock() => _isBlocked = false;

    private void OnDelivered(DeliveryReport<byte[], byte[]> report)
    {
        if (report.Error.IsError && !Sabotage.Is(Sabotage.ForgetFailures))
        {
            _traces?.Fail(report.Error.Code.ToString());
            _relay.OnFailed(this, report.Error);
        }
        else
        {
            // Before the relay knows: it may end this stream at once.
            _acknowledged++;
            _traces?.Acknowledged(_acknowledged);
            _relay.OnAcknowledged(this, _acknowledged);
            if (_acknowledged == Volatile.Read(ref _watched))
            {
                _relay.OnWatched(Stopwatch.GetElapsedTime(_watchedSince));
                Volatile.Write(ref _watched, 0);
            }
        }

        Interlocked.MemoryBarrier();
        if (_isBlocked)
        {
            _relay.Wake();
        }
    }
}
