using System.Runtime.ExceptionServices;
using Npgsql;
using Tally.Inbox.Diagnostics;
using Tally.Inbox.Storage;

namespace Tally.Inbox.Consuming;

/// <content>What happens after a commit: the outcome is taken, and when it isn't known to be good, everything starts again from the database.</content>
internal sealed partial class ConsumeLoop<TState, TEvent>
{
    private static readonly TimeSpan CompareEvery = TimeSpan.FromSeconds(2);

    // A stop must not take long, whatever froze.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(2);

    private int _collisions;
    private long _comparedAt;

    private TimeSpan Patience => _stopping.IsCancellationRequested && StopPatience < _options.CommitTimeout ? StopPatience : _options.CommitTimeout;

    private void Settle()
    {
        if (!_committer.IsIdle)
        {
            return;
        }

        var (failure, offsets) = _committer.TakeOutcome();
        if (offsets is not null)
        {
            _collisions = 0;
            _pause.Reset();
            _comparedAt = _time.GetTimestamp();
            _groupOffsets.Reached(offsets);
        }
        else if (failure is not null)
        {
            Recover(failure);
        }
    }

    private void Recover(Exception failure)
    {
        // Before anything else is polled: partitions that are taken away commit what is pending, and that was folded behind what failed.
        Forget();
        if (failure is PostgresException refused && _statements.IsCollision(refused))
        {
            _monitor.Collided(refused);
            // Once is what a rebalance does; again and again is worth a pause.
            if (++_collisions > 1)
            {
                Rest(_pause.Next());
            }
        }
        else if (IsPassing(failure))
        {
            Log.DatabaseFailed(_logger, failure);
            _monitor.NotReady(NotReadyReason.Of(failure));
            Rest(_pause.Next());
        }
        else
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        ReadAgain();
    }

    /// <summary>Whether trying again may help.</summary>
    internal static bool IsPassing(Exception failure) =>
        DatabaseTrouble.Is(failure) || failure is OperationCanceledException;

    /// <summary>
    /// Called when nothing was committed for a while: is the database there, and does it hold what this instance believes? Another instance may have
    /// gone on with a shard, and an operator may have restored a copy.
    /// </summary>
    private void ComparePositions()
    {
        if (!_joined || !_committer.IsIdle || _time.GetElapsedTime(_comparedAt) < CompareEvery)
        {
            return;
        }

        try
        {
            var stored = _readPositions();
            _comparedAt = _time.GetTimestamp();
            if (!_folder.Refresh(stored))
            {
                ReadAgain();
            }
        }
        catch (Exception failure) when (IsPassing(failure))
        {
            Recover(failure);
        }
    }

    /// <summary>Forgets what is in memory, reads the positions until that works, and seeks there.</summary>
    private void ReadAgain()
    {
        Forget();
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                if (!_joined)
                {
                    // Partitions were taken away meanwhile; positions are read when there are new ones.
                    return;
                }

                var stored = Load();
                // Assigned anew, because that also drops what was fetched, and works before the first fetch (a seek doesn't).
                _consumer.Assign(StartsOf(stored));
                _consumer.Resume(_assigned);
                _monitor.Ready();
                return;
            }
            catch (Exception failure) when (IsPassing(failure))
            {
                var pause = _pause.Next();
                Log.DatabaseAway(_logger, pause, failure);
                _monitor.NotReady(NotReadyReason.Of(failure));
                Rest(pause);
            }
        }
    }

    private StoredPositions<TState> Load()
    {
        var stored = _readPositions();
        _folder.Load(stored);
        _storedIds = [.. stored.Shards.Select(static shard => shard.Place.TopicId).OfType<Guid>().Distinct()];
        _comparedAt = _time.GetTimestamp();
        _handler.OnLoaded(stored.Positions);
        return stored;
    }

    /// <summary>Waits with consumption paused, but stays in the group. What is read meanwhile is read again after it.</summary>
    private void Rest(TimeSpan pause)
    {
        _consumer.Pause(_assigned);
        var started = _time.GetTimestamp();
        while (_time.GetElapsedTime(started) < pause && !_stopping.IsCancellationRequested)
        {
            _consumer.Consume(TimeSpan.FromMilliseconds(20));
        }
    }

    /// <summary>Lets the commit under way end, whatever its outcome, and drops what was folded in memory.</summary>
    private void Forget()
    {
        _committer.WaitIdle(Patience);
        _committer.TakeOutcome();
        _folder.Clear();
    }

    /// <summary>Commits what is folded, when that works at once. What isn't committed is read again by whoever holds the partition next.</summary>
    private void CommitPending()
    {
        if (TakeCommitted() && _folder.HasPending)
        {
            _committer.Start(_folder.Complete());
            TakeCommitted();
        }
    }

    /// <returns>False when the commit under way, if there was one, took too long or failed.</returns>
    private bool TakeCommitted()
    {
        if (!_committer.WaitIdle(Patience))
        {
            return false;
        }

        var (failure, offsets) = _committer.TakeOutcome();
        if (offsets is not null)
        {
            _groupOffsets.Reached(offsets);
        }

        return failure is null;
    }
}
