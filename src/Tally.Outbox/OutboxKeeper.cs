using Tally.Outbox.Diagnostics;
using Tally.Outbox.Relaying;
using Tally.Outbox.Trimming;
using Tally.Outbox.Writing;

namespace Tally.Outbox;

/// <summary>This instance's chores: its part of the shards, how far it relayed, wishes to publish again, whose turn it is, and what goes.</summary>
internal sealed class OutboxKeeper : IAsyncDisposable
{
    private static readonly TimeSpan NoteInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SegmentInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RotationInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TopicInterval = TimeSpan.FromSeconds(5);

    private readonly OutboxContext _context;
    private readonly ProducerSource _producers;
    private readonly IReadOnlyList<ShardRelay> _relays;
    private readonly ShardShares _shares;
    private readonly Chore _leases;
    private readonly Chore _progress;
    private readonly Chore _rotation;
    private readonly Chore _segments;
    private readonly Chore _trimming;
    private readonly Chore _topics;
    private readonly Chore _looking;
    private readonly (long Epoch, long Relayed)[] _noted;
    private volatile bool _databaseAnswers = true;
    private Task _renewing = Task.CompletedTask;

    public OutboxKeeper(
        OutboxContext context, ProducerSource producers, IReadOnlyList<ShardRelay> relays, IReadOnlyList<IShardHolder> holders, Action rotate)
    {
        _context = context;
        _producers = producers;
        _relays = relays;
        _shares = new ShardShares(context, relays, holders);
        _leases = new Chore("Renewing leases", context.Options.LeaseTime / ShardShares.RenewalsPerLease, RenewAsync, context.Time, context.Logger);
        _rotation = new Chore("Rotating shards", RotationInterval, _ => Rotate(rotate), context.Time, context.Logger);
        _progress = new Chore("Noting what was relayed", NoteInterval, NoteAndRewindAsync, context.Time, context.Logger);
        _segments = new Chore("Preparing segments", SegmentInterval, new SegmentAhead(context, relays).PrepareAsync, context.Time, context.Logger);
        var trimmer = new SegmentTrimmer(context, () => relays.Where(relay => relay.Pending is not null).Select(relay => relay.Shard));
        _trimming = new Chore("Dropping old segments", SegmentTrimmer.IntervalOf(context.Options), trimmer.TrimAsync, context.Time, context.Logger);
        _topics = new Chore("Looking at topics", TopicInterval, producers.LookAtTopicsAsync, context.Time, context.Logger);
        _looking = new Chore("Looking at what is kept", OutboxMetrics.LookInterval, LookAsync, context.Time, context.Logger);
        _noted = new (long, long)[relays.Count];
    }

    /// <summary>
    /// Whether the last renewal went through. While none does, an append would only find out the slow way, with an unknown outcome, that the
    /// database is away.
    /// </summary>
    public bool DatabaseAnswers => _databaseAnswers;

    /// <summary>Which topics' settings are against what they are used for, a sentence each.</summary>
    public IReadOnlyList<string> TopicTroubles => _producers.TopicTroubles;

    public IEnumerable<Task> Start() => [_leases.Start(), _progress.Start(), _rotation.Start(), _segments.Start(), _trimming.Start(), _topics.Start(), _looking.Start()];

    /// <summary>How long this instance's lease of a shard lasts; null without one.</summary>
    public TimeSpan? LeaseRemainingOf(int shard) => _shares.LeaseRemainingOf(shard);

    /// <summary>After writers have stopped: notes the progress so far and gives the leases up, so that others need not wait. Relays may still be at work.</summary>
    public async Task LeaveAsync()
    {
        await _leases.DisposeAsync();

        // One that was given up would say behind our back that this instance is alive.
        await ((Task)_renewing.WaitAsync(_context.Options.LeaseTime / 2, _context.Time)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _progress.DisposeAsync();
        await _segments.DisposeAsync();
        await _trimming.DisposeAsync();
        await NoteOnceAsync("Giving up leases", () => _context.Leases.LeaveAsync(_context.Instance, CancellationToken.None));
    }

    /// <summary>After the leases were given up and relays have stopped: notes what came of shards that nobody has claimed since.</summary>
    public async ValueTask DisposeAsync()
    {
        await _rotation.DisposeAsync();
        await _topics.DisposeAsync();
        await _looking.DisposeAsync();
        await NoteOnceAsync("Noting what was relayed", static () => Task.CompletedTask);
        await _producers.DisposeAsync();
    }

    private async Task NoteOnceAsync(string name, Func<Task> then)
    {
        try
        {
            await NoteAsync(CancellationToken.None);
            await then();
        }
        catch (Exception away) when (DatabaseTrouble.Is(away))
        {
            // The leases end by themselves, and what was relayed but not noted is published again: later, but right.
            Log.ChoreFailed(_context.Logger, name, TimeSpan.Zero, away.Message);
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Given up rather than cancelled: cancelling asks the server, and waits for one that doesn't answer. One that still waits is waited for again.
            if (_renewing.IsCompleted)
            {
                _renewing = _shares.RenewAsync(CancellationToken.None);
            }

            await _renewing.WaitAsync(_context.Options.LeaseTime / 2, _context.Time, cancellationToken);
            _databaseAnswers = true;
        }
        catch (Exception away) when (DatabaseTrouble.Is(away))
        {
            _databaseAnswers = false;
            throw;
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken) =>
        _context.Metrics.SetKept(await _context.Kept.ReadAsync(_relays.Count, cancellationToken));

    private static Task Rotate(Action rotate)
    {
        rotate();
        return Task.CompletedTask;
    }

    private async Task NoteAndRewindAsync(CancellationToken cancellationToken)
    {
        foreach (var relay in _relays)
        {
            relay.EndStall();
        }

        await NoteAsync(cancellationToken);
        var noticed = _context.Time.GetTimestamp();
        foreach (var (shard, id, from) in await _context.Progress.ReadRewindsAsync(cancellationToken))
        {
            if (shard >= _relays.Count)
            {
                // Outbox:Shards was raised, and this instance doesn't know yet; one that does owns the shard.
                continue;
            }

            var relay = _relays[shard];
            if (relay.Rewound == id)
            {
                await _context.Progress.ClearRewindAsync(shard, id, cancellationToken);
                Log.Rewound(_context.Logger, shard);
            }
            else if (relay.Pending is not null)
            {
                relay.Wish(new Rewind(id, from, noticed));
            }
        }
    }

    private async Task NoteAsync(CancellationToken cancellationToken)
    {
        // Under another epoch the same number is news, too: a database that was put back to a copy doesn't hold the note of before.
        var news = _relays.Where(relay => relay.Pending is not null).Select(relay => (relay.Shard, Noted: relay.Relayed))
            .Where(relay => relay.Noted != _noted[relay.Shard]).ToList();
        if (news.Count == 0)
        {
            return;
        }

        await _context.Progress.WriteRelayedAsync(
            [.. news.Select(n => n.Shard)], [.. news.Select(n => n.Noted.Epoch)], [.. news.Select(n => n.Noted.Acknowledged)], cancellationToken);
        foreach (var (shard, noted) in news)
        {
            _noted[shard] = noted;
        }
    }
}
