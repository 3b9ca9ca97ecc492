using Confluent.Kafka;
using Tally.Outbox.Diagnostics;
using Tally.Outbox.Storage;
using Tally.Outbox.Writing;

namespace Tally.Outbox.Relaying;

/// <summary>
/// Publishes one shard's results in order while this instance owns it. The memory hand-off is the fast path; the table is read at start, after
/// a takeover, for what the hand-off left out, and after a producer failed. Publishing something twice is harmless, leaving something
/// out is not: so the next result to publish is always the one behind the last published or acknowledged one, whatever is in memory.
/// </summary>
internal sealed partial class ShardRelay
{
    private static readonly TimeSpan StopPoll = TimeSpan.FromMilliseconds(10);

    private readonly int _shard;
    private readonly OutboxContext _context;
    private readonly ProducerSource _producers;
    private readonly byte[] _key;
    private readonly CloudEventHeaders? _cloudEvents;
    private readonly HandOff _handOff;
    private readonly Signal _signal = new();

    // Written by the writer's loop, read by the relay's.
    private long _committed;
    private long _epoch;
    private long _handedOffSince;
    private volatile int _follows;
    private volatile bool _isFollowing;

    // Written by the relay's loop, the writer's, and the producer's thread, read by all. Written, together and from what is read there, only under the lock, as is
    // the count of follows: neither what a stream of before still reports nor what was thought of before must raise what was just lowered.
    private readonly Lock _acknowledging = new();
    private long _acknowledged;
    private volatile PublishStream? _stream;
    private long _published;
    private volatile string? _stoppedBecause;
    private volatile string? _missingTopic;

    // Written by the keeper, read by the loop; what is under way, and up to where, is the loop's own.
    private volatile Rewind? _wish;
    private volatile Rewind? _rewound;
    private Rewind? _rewinding;
    private long _rewindingUpTo;
    private int _rewindingSince;

    // How far results were handed to Kafka before, in which turn of following. The loop's own, but for what is counted.
    private long _handedTo;
    private int _handedIn;
    private long _republished;

    // When results were first found missing, and in which turn of following. The loop's own.
    private int _missedIn;
    private long _missedAt;

    // The keeper's own.
    private readonly StallWatch _stall;

    private Action _stopped = static () => { };

    private volatile bool _isStopping;
    private Task _loop = Task.CompletedTask;

    public ShardRelay(int shard, OutboxContext context, ProducerSource producers)
    {
        _shard = shard;
        _context = context;
        _producers = producers;
        _key = [.. System.Text.Encoding.ASCII.GetBytes(shard.ToString())];
        _cloudEvents = CloudEventHeaders.Of(context.Options, context.Identity.System, shard);
        _handOff = new HandOff(context.Options.HandOffCapacity);
        _stall = new StallWatch(context.Time);
        producers.OnFailure(_signal.Raise);
    }

    public int Shard => _shard;

    /// <summary>The highest sequence that Kafka acknowledged without a gap below it; 0 while nothing is known.</summary>
    public long Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>What is acknowledged, and an epoch that it is true for: read first, since <see cref="Follow"/> writes it last.</summary>
    public (long Epoch, long Acknowledged) Relayed => (Volatile.Read(ref _epoch), Acknowledged);

    /// <summary>The last committed result that this process knows of.</summary>
    public long Committed => Volatile.Read(ref _committed);

    /// <summary>How many committed results Kafka has not acknowledged yet; null while this instance does not own the shard.</summary>
    public long? Pending => _isFollowing ? Math.Max(0, Volatile.Read(ref _committed) - Acknowledged) : null;

    /// <summary>How many results Kafka acknowledged to this process.</summary>
    public long Published => Volatile.Read(ref _published);

    /// <summary>How many results this process handed to Kafka again, after a failure or a rewind.</summary>
    public long Republished => Volatile.Read(ref _republished);

    /// <summary>
    /// Why nothing of this shard can be published any more, however often it is tried; null while all is well. Then nothing more may be stored
    /// in it, either.
    /// </summary>
    public string? StoppedBecause => _stoppedBecause;

    /// <summary>
    /// The topic that Kafka doesn't have, for which this shard's results wait in the table; null while there is none. That doesn't stop the shard for good,
    /// since the topic may be made, perhaps again.
    /// </summary>
    public string? MissingTopic => _isFollowing ? _missingTopic : null;

    /// <summary>Calls back, once, when <see cref="StoppedBecause"/> is set. Before the start only.</summary>
    public void OnStopped(Action listener) => _stopped = listener;

    /// <summary>The last rewind that Kafka has acknowledged as a whole.</summary>
    public Guid? Rewound => _rewound?.Id;

    public Task Start() => _loop = Task.Run(RunAsync);

    /// <summary>
    /// Publishes again from there on. Nothing is lost when this process dies in the middle: the wish stays in the table until all of it is
    /// acknowledged, and the next owner begins it anew.
    /// </summary>
    public void Wish(Rewind rewind)
    {
        if (_wish?.Id != rewind.Id)
        {
            _wish = rewind;
            _signal.Raise();
        }
    }

    /// <summary>Gives up a producer that doesn't get on with this shard: the next one begins behind what is acknowledged. Called about once a second.</summary>
    public void EndStall()
    {
        var stream = _stream;
        if (_stall.IsStalled(stream, Acknowledged, stream?.Published ?? 0))
        {
            stream!.Session.Fail(new Error(
                ErrorCode.Local_TimedOut, $"Kafka has acknowledged nothing of shard {_shard} for {StallWatch.Patience.TotalSeconds:0} s"));
        }
    }

    /// <summary>
    /// The writer claimed the shard. When it was ours before, publishing just goes on; else, and when the table holds less than was committed here (its
    /// database went back in time), it begins where the table says. The consumer sees then that there are two histories.
    /// </summary>
    public void Follow(ShardClaim claim)
    {
        var wentBack = claim.LastSequence < Volatile.Read(ref _committed);
        if (!_isFollowing || wentBack)
        {
            _missingTopic = null;

            // A wish is read again from the table.
            _wish = null;
            Volatile.Write(ref _handedOffSince, claim.Epoch);

            // Last: a stream that began before, whatever it has seen of what is above, is given up here.
            lock (_acknowledging)
            {
                _follows++;
                BeginBehindUnderLock(Math.Min(claim.Relayed, claim.LastSequence));
            }
        }

        if (_isFollowing && wentBack)
        {
            Log.WentBack(_context.Logger, _shard, Volatile.Read(ref _committed), claim.LastSequence);
        }

        Volatile.Write(ref _committed, claim.LastSequence);
        Volatile.Write(ref _epoch, claim.Epoch);
        _isFollowing = true;
        _signal.Raise();
    }

    /// <summary>Gives the stream up: the next one begins there, and what this one still reports counts no more. The caller holds the lock.</summary>
    private void BeginBehindUnderLock(long acknowledged)
    {
        _stream = null;
        Volatile.Write(ref _acknowledged, acknowledged);
    }

    private void GiveUpStream()
    {
        lock (_acknowledging)
        {
            _stream = null;
        }
    }

    /// <summary>The shard is somebody else's now.</summary>
    public void Leave()
    {
        _isFollowing = false;
        _signal.Raise();
    }

    /// <summary>The writer committed a batch. It is in the table already, so memory may forget it.</summary>
    public void HandOff(CommittedBatch batch)
    {
        _handOff.TryAdd(batch);

        // Behind the hand-off: whoever sees this number and finds nothing in memory knows that it was left out.
        Volatile.Write(ref _committed, batch.LastSequence);
        _signal.Raise();
    }

    /// <summary>Publishes what is committed, at most until the timeout, and ends.</summary>
    public async Task StopAsync(TimeSpan timeout)
    {
        var began = _context.Time.GetTimestamp();
        while (_context.Options.RelayEnabled && _stoppedBecause is null && Pending > 0 && _context.Time.GetElapsedTime(began) < timeout)
        {
            await Task.Delay(StopPoll, _context.Time);
        }

        _isStopping = true;
        _signal.Raise();
        await _loop;
    }

    /// <summary>What was published before is still counted as its reports come.</summary>
    public void Stop(string reason)
    {
        _stoppedBecause = reason;
        Log.ShardStopped(_context.Logger, _shard, reason);
        _stopped();
    }
}
