using Tally.Outbox.Diagnostics;
using Tally.Outbox.Relaying;
using Tally.Outbox.Schema;
using Tally.Outbox.Storage;

namespace Tally.Outbox.Writing;

/// <summary>
/// The one writer of a shard in this process: claims the shard, then commits whatever waits, batch by batch. Any trouble leads back to a new
/// claim, and with it to a new epoch; a batch whose outcome is unknown is looked up there before its callers are answered.
/// </summary>
internal sealed class ShardWriter<TItem, TState> : IShardHolder
{
    private const int MaxDoublings = 10;

    // Looking costs as much as storing, and most keys are new. But where one was known, callers are sending again what they sent before.
    private const int LooksAfterKnown = 100;
    private static readonly TimeSpan LongestHint = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly OutboxContext _context;
    private readonly IOutboxEncoder<TItem, TState> _encoder;
    private readonly ShardRelay _relay;
    private readonly Signal _signal = new();
    private readonly AppendQueue<TItem> _queue;
    private readonly BatchBuilder<TItem, TState> _builder;
    private readonly List<KnownKey> _known = [];

    // Written by the loop, read by callers.
    private volatile bool _isOpen;

    private volatile bool _isStopping;
    private volatile bool _hasEnded;
    private long _ticksPerResult;

    // Written by the lease keeper, read by the loop.
    private volatile bool _mayClaim;
    private volatile bool _isLeaving;

    // The loop's own.
    private Batch<TItem, TState>? _unknown;
    private long _unknownSince;
    private int _failuresInARow;
    private int _looks;
    private Task _loop = Task.CompletedTask;

    public ShardWriter(int shard, OutboxContext context, IOutboxEncoder<TItem, TState> encoder, ShardRelay relay)
    {
        Shard = shard;
        _context = context;
        _encoder = encoder;
        _relay = relay;
        _queue = new AppendQueue<TItem>(context.Options.QueueCapacity, _signal);
        relay.OnStopped(_signal.Raise);
        _builder = new BatchBuilder<TItem, TState>(encoder, context.Options, _queue, context.Time, context.Logger);
    }

    public int Shard { get; }

    /// <summary>Whether this instance owns the shard and can store now.</summary>
    public bool IsOpen => _isOpen;

    /// <summary>How many wait, those in the commit under way included.</summary>
    public int QueueLength => _queue.Count;

    /// <summary>How long it takes until a full queue is half empty, at the speed of the last commit; null before the first.</summary>
    public TimeSpan? HalfEmptyAfter
    {
        get
        {
            var ticks = Interlocked.Read(ref _ticksPerResult) * (_context.Options.QueueCapacity + 1) / 2;
            return ticks == 0 ? null : ticks < LongestHint.Ticks ? TimeSpan.FromTicks(ticks) : LongestHint;
        }
    }

    public Task Start() => _loop = Task.Run(RunAsync);

    /// <summary>Queues an append. False when the queue is full.</summary>
    public bool TryEnqueue(PendingAppend<TItem> pending)
    {
        if (!_queue.TryEnqueue(pending))
        {
            return false;
        }

        if (_hasEnded)
        {
            // It came behind the loop's last look into the queue. Late callers, and the loop at its end, fail who waits one at a time.
            lock (_queue)
            {
                Close("this instance is stopping");
            }
        }

        return true;
    }

    public void AllowClaim(bool allowed)
    {
        if (_mayClaim != allowed)
        {
            _mayClaim = allowed;
            _signal.Raise();
        }
    }

    public void Leave()
    {
        _isLeaving = true;
        _isOpen = false;
        _signal.Raise();
    }

    /// <summary>Commits what waits, takes nothing new, and ends.</summary>
    public async Task StopAsync()
    {
        _isStopping = true;
        _isOpen = false;
        _signal.Raise();
        await _loop;
    }

    private async Task RunAsync()
    {
        try
        {
            await ClaimAndCommitAsync();
        }
        finally
        {
            // Also after a fault that this loop doesn't know: nobody must wait for a writer that is gone.
            _hasEnded = true;
            Interlocked.MemoryBarrier();
            lock (_queue)
            {
                Close("this instance is stopping");
            }

            if (_unknown is { } batch)
            {
                _unknown = null;
                batch.Fail(OutcomeUnknown());
            }
        }
    }

    private async Task ClaimAndCommitAsync()
    {
        while (!_isStopping || _unknown is not null)
        {
            try
            {
                if (_isLeaving && _unknown is null)
                {
                    _mayClaim = _isLeaving = false;
                }

                if (_unknown is null && _relay.StoppedBecause is { } reason)
                {
                    // Kept with this instance, so that nobody else begins the same again.
                    Close($"the shard is stopped: {reason}");
                    await _signal.WaitAsync();
                }
                else if (await ClaimAsync() is { } claim)
                {
                    await CommitBatchesAsync(claim);
                }
                else if (!_isStopping)
                {
                    _failuresInARow = 0;
                    Close("this instance does not own the shard");
                    await _signal.WaitAsync();
                }
            }
            catch (InvalidDataException damaged)
            {
                _relay.Stop(damaged.Message);
            }
            catch (Exception fault) when (DatabaseTrouble.Is(fault) || fault is InvalidOperationException)
            {
                // The database said no, or went away. Nothing that happened since the last answer is known; the next claim finds out.
                Log.WriterLostDatabase(_context.Logger, Shard, fault.Message);
                if (++_failuresInARow == 1)
                {
                    // Mostly a connection that died while nothing was sent. Who waits need not know, if the shard can be claimed again at once.
                    continue;
                }

                Close("the database can't be reached");
                GiveUpUnknown();
                if (_isStopping && _unknown is null)
                {
                    break;
                }

                var pause = FirstPause * Math.Pow(2, Math.Min(_failuresInARow - 2, MaxDoublings));
                await Task.Delay(pause < LongestPause ? pause : LongestPause, _context.Time);
            }
        }

    }

    /// <summary>
    /// Takes the shard: a new epoch, then, in a new statement, the position. From here on no statement of an older epoch can be stored, so
    /// what can't be found now was not stored.
    /// </summary>
    private async Task<ShardClaim?> ClaimAsync()
    {
        var claim = _mayClaim ? await _context.Leases.TryClaimAsync(Shard, _context.Instance, CancellationToken.None) : null;
        if (claim is null)
        {
            _mayClaim = false;
            _relay.Leave();
        }

        // Whoever holds the shard now, we or another, holds it with a higher epoch than the batch has: the table tells the truth about it.
        if (_unknown is { } batch)
        {
            var fate = await _context.Batches.FindFateAsync(Shard, batch.First.Sequence, batch.First.Epoch, _context.Options.CommitTimeout, default);
            if (fate == BatchFate.Open)
            {
                throw new TimeoutException("Nobody has claimed the shard since, so a commit may still be under way.");
            }

            Log.UnknownSettled(_context.Logger, Shard, batch.Count, fate);
            if (fate == BatchFate.NotStored && claim is not null && _failuresInARow == 1)
            {
                _unknown = null;
                _builder.PutBack(batch.Callers);
            }
            else if (fate == BatchFate.Dropped)
            {
                FailUnknown(batch);
            }
            else
            {
                Settle(batch, stored: fate == BatchFate.Stored);
            }
        }

        if (claim is not null)
        {
            _context.Metrics.Claimed(Shard);
            Log.Claimed(_context.Logger, Shard, claim.Epoch, claim.LastSequence);
        }

        return claim;
    }

    /// <summary>Commits batch by batch until fenced or stopped. Throws when the outcome of a commit is unknown.</summary>
    private async Task CommitBatchesAsync(ShardClaim claim)
    {
        await using var connection = await WriterConnection.OpenAsync(
            _context.DataSource, _context.Segments, claim, _context.Options.CommitTimeout, _context.Options.PrepareStatements, default);
        var ready = await _context.Segments.ReadLastAsync(Shard, default);
        var next = new OutboxPosition(_context.Identity.System, Shard, claim.Epoch, claim.LastSequence + 1, claim.LastSequence + 1);
        var state = claim.State is null ? _encoder.Initial : _encoder.Load(claim.State);

        _relay.Follow(claim);
        _isOpen = !_isLeaving && !_isStopping;
        while (_mayClaim && _relay.StoppedBecause is null)
        {
            // A chore makes segments ahead; one that is missing now, this loop makes itself.
            var segment = SegmentStore.SegmentOf(next.Sequence, _context.Identity.SegmentSize);
            while (ready < segment)
            {
                await _context.Segments.EnsureAsync(Shard, ++ready, _context.Identity.SegmentSize, default);
            }

            if (_builder.Next(next, state, _context.Identity.SegmentSize) is not { } batch)
            {
                if (_isStopping || _isLeaving)
                {
                    return;
                }

                await _signal.WaitAsync();
                continue;
            }

            using var commit = OutboxTracing.StartCommit(batch);

            // From here until the answer is read, a crash leaves the batch stored or not; its callers know nothing yet.
            _unknown = batch;
            _unknownSince = _context.Time.GetTimestamp();
            FaultPoint.Reach("append.before-send");
            if (Sabotage.Is(Sabotage.AnswerFirst))
            {
                Settle(batch, stored: true);
            }

            var outcome = await AppendAsync(connection, batch);
            OutboxTracing.CommitAnswered(commit, outcome);
            _failuresInARow = 0;
            if (outcome is KeyedOutcome.Known or KeyedOutcome.Overtaken)
            {
                AnswerKnown(batch);
                continue;
            }

            var stored = outcome == KeyedOutcome.Stored;
            if (stored)
            {
                FaultPoint.Reach("append.after-commit");
                var took = _context.Time.GetElapsedTime(_unknownSince);
                Interlocked.Exchange(ref _ticksPerResult, Math.Max(1, took.Ticks / batch.Count));
                _context.Metrics.Committed(Shard, batch.Count, took);

                // The batch is durable. It goes to the relay's memory and to the callers; a crash now loses neither, since the table has it.
                next = next with { Sequence = next.Sequence + batch.Count };
                state = batch.StateAfter;
                _relay.HandOff(batch.Rows);
                FaultPoint.Reach("handoff.after");
            }

            if (!Sabotage.Is(Sabotage.AnswerFirst))
            {
                Settle(batch, stored);
            }

            if (!stored)
            {
                _context.Metrics.Fenced(Shard);
                Log.Fenced(_context.Logger, Shard, claim.Epoch);
                Close("another instance took the shard");
                return;
            }
        }
    }

    private async ValueTask<KeyedOutcome> AppendAsync(WriterConnection connection, Batch<TItem, TState> batch)
    {
        var state = _encoder.Save(batch.StateAfter);
        if (batch.Keys is null || Sabotage.Is(Sabotage.ForgetKeys))
        {
            return await connection.AppendAsync(batch.Rows, state) ? KeyedOutcome.Stored : KeyedOutcome.Fenced;
        }

        _known.Clear();
        var look = _looks > 0;
        _looks -= look ? 1 : 0;
        return await connection.AppendAsync(batch.Rows, batch.First, state, batch.Keys, _known, look);
    }

    /// <summary>
    /// Nothing of the batch is stored, since some of its keys are: their callers get what is stored, all others begin the next batch, which is encoded
    /// anew, for their positions have changed. When the batch ran into a key that it didn't look for, the next one looks and finds it.
    /// </summary>
    private void AnswerKnown(Batch<TItem, TState> batch)
    {
        _unknown = null;
        _looks = LooksAfterKnown;
        var answers = KnownAnswers<TItem>.Of(batch.Callers, _known, out var others);
        _builder.PutBack(others);
        _queue.Leave(answers.Repeated + answers.Reused);
        _context.Metrics.KeysAnswered(Shard, answers.Repeated, answers.Reused);
        answers.CompleteInBackground();
    }

    /// <summary>Answers the callers of a batch whose outcome is known.</summary>
    private void Settle(Batch<TItem, TState> batch, bool stored)
    {
        _unknown = null;
        _queue.Leave(batch.CallerCount);
        if (stored)
        {
            batch.CompleteInBackground();
        }
        else
        {
            batch.Fail(new OutboxException(OutboxFault.Unavailable, "The result was not stored: the shard was taken over or the connection was lost. Try again."));
        }
    }

    /// <summary>Callers wait for the truth no longer than <see cref="OutboxOptions.OutcomeTimeout"/>; after that they are told that nobody knows.</summary>
    private void GiveUpUnknown()
    {
        if (_unknown is { } batch && _context.Time.GetElapsedTime(_unknownSince) >= _context.Options.OutcomeTimeout)
        {
            FailUnknown(batch);
        }
    }

    private void FailUnknown(Batch<TItem, TState> batch)
    {
        _unknown = null;
        _queue.Leave(batch.CallerCount);
        batch.Fail(OutcomeUnknown());
    }

    private static OutboxException OutcomeUnknown() => new(
        OutboxFault.OutcomeUnknown, "The connection to the database was lost during the commit; whether the result was stored is unknown.");

    private void Close(string reason)
    {
        _isOpen = false;
        _builder.FailWaiting(new OutboxException(OutboxFault.Unavailable, $"The result was not stored: {reason}. Try again."));
    }
}
