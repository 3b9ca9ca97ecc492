using System.Text.Json;
using Microsoft.Extensions.Options;
using Tally.Inbox;
using Tally.Totals.Serving;

namespace Tally.Totals.Live;

/// <summary>
/// Puts together what the live page shows, several times a second, but only while somebody watches, and once for all who do. Who reads slowly misses states,
/// and holds nobody up.
/// </summary>
internal sealed class LiveFeed(
    TotalsView view,
    TotalsRefresher refresher,
    IInbox<Amount> inbox,
    DelayWindow delays,
    IOptions<TotalsOptions> options,
    TimeProvider time,
    IInboxSource<Amount>? source = null) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AskInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _wake = new(0);
    private TaskCompletionSource _changed = NewSignal();
    private byte[]? _current;
    private int _watchers;

    // The loop's own: what is asked for elsewhere, and takes as long as it takes.
    private Task _asking = Task.CompletedTask;
    private long _asked;
    private long _answered;
    private SourcePositions? _positions;
    private long? _quarantined;

    /// <summary>Somebody watches from now on, until what is returned is disposed.</summary>
    public IDisposable Watch()
    {
        lock (_gate)
        {
            if (++_watchers == 1)
            {
                // What was seen long ago must not be the first thing that is shown.
                _current = null;
                delays.Start();
                _wake.Release();
            }
        }

        return new Watcher(this);
    }

    /// <summary>The last state as JSON, if there is one yet, and a task that ends with the next one.</summary>
    public (byte[]? State, Task Changed) Read()
    {
        lock (_gate)
        {
            return (_current, _changed.Task);
        }
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await _wake.WaitAsync(stoppingToken);

            // What was heard long ago must not be the first thing that is shown: the outbox is asked before, and given a moment.
            await AskAgainAsync(stoppingToken);
            await Task.WhenAny(_asking, Task.Delay(Silence, time, stoppingToken));
            while (Volatile.Read(ref _watchers) > 0)
            {
                Show(JsonSerializer.SerializeToUtf8Bytes(await ComposeAsync(stoppingToken), LiveJson.Default.LiveState));
                await Task.Delay(Interval, time, stoppingToken);
            }
        }
    }

    private async Task<LiveState> ComposeAsync(CancellationToken stoppingToken)
    {
        if (time.GetElapsedTime(_asked) >= AskInterval)
        {
            await AskAgainAsync(stoppingToken);
        }

        var status = inbox.Status;
        var trouble = status.NotReadyReason;
        try
        {
            await refresher.EnsureFreshAsync(stoppingToken);
        }
        catch (Exception away) when (DatabaseTrouble.Is(away))
        {
            trouble = "the database can't be read now";
        }

        var total = view.Read().Total;
        var shards = ShardsOf(total, status);
        return new LiveState(
            time.GetUtcNow().ToUnixTimeMilliseconds(),
            options.Value.Instance,
            trouble,
            total.Total.ToString(),
            total.Count,
            SourceOf(shards, total.AdoptedCount),
            status.SetAside,
            status.DuplicatesSuppressed,
            _quarantined,
            new LiveAdopted(total.AdoptedCount, total.AdoptedSum.ToString()),
            inbox.Audit is { } audit ? new LiveAudit(audit.Shards, audit.Differences, Math.Round(audit.Age.TotalSeconds, 1)) : null,
            delays.Read(),
            shards);
    }

    /// <summary>Begins to ask, unless an answer is on its way.</summary>
    private async Task AskAgainAsync(CancellationToken stoppingToken)
    {
        if (_asking.IsCompleted)
        {
            // It has ended: this only lets a fault that nobody expects be seen.
            await _asking;
            _asked = time.GetTimestamp();
            _asking = AskAsync(stoppingToken);
        }
    }

    /// <summary>Asks the outbox and the quarantine. What fails is asked again; how old an answer is, is seen.</summary>
    private async Task AskAsync(CancellationToken stoppingToken)
    {
        try
        {
            _quarantined = await inbox.CountQuarantinedAsync(stoppingToken);
        }
        catch (Exception away) when (DatabaseTrouble.Is(away))
        {
            _quarantined = null;
        }

        try
        {
            if (source is not null)
            {
                _positions = await source.ReadPositionsAsync(stoppingToken);
                _answered = time.GetTimestamp();
            }
        }
        catch (InboxSourceException)
        {
            // No Calculator answers: the page says so once the last answer is old.
        }
    }

    private LiveSource? SourceOf(List<LiveShard> shards, long adopted) => _positions is null
        ? null
        : new LiveSource(
            time.GetElapsedTime(_answered) < Silence,
            shards.Sum(static shard => shard.Committed) + adopted,
            shards.Sum(static shard => shard.Committed - shard.Relayed),
            shards.Sum(static shard => shard.Relayed - shard.Counted));

    private List<LiveShard> ShardsOf(TotalSnapshot total, InboxStatus status)
    {
        var held = total.Shards.ToDictionary(static position => position.Shard);
        var committed = _positions?.Shards.ToDictionary(static at => at.Shard) ?? [];
        var stuck = StatusEndpoint.StillOf(total.Shards, status.Troubles).ToDictionary(static trouble => trouble.Shard);
        return [.. held.Keys.Union(committed.Keys).Union(stuck.Keys).Order().Select(shard =>
        {
            var counted = held.GetValueOrDefault(shard);
            var outbox = committed.GetValueOrDefault(shard);
            var trouble = stuck.GetValueOrDefault(shard);

            // What is counted was committed and in Kafka, though the last answer may be older than that, and notes of what Kafka has come later still.
            var relayed = Math.Max(outbox?.Relayed ?? 0, counted?.Sequence ?? 0);
            return new LiveShard(
                shard,
                StatusEndpoint.NameOf(trouble?.Kind),
                trouble?.Reason,
                string.IsNullOrEmpty(outbox?.Owner) ? null : outbox.Owner,
                Math.Max(outbox?.Sequence ?? 0, relayed),
                relayed,
                counted?.Sequence ?? 0,
                counted?.Count ?? 0);
        })];
    }

    private void Show(byte[] state)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            _current = state;
            (changed, _changed) = (_changed, NewSignal());
        }

        changed.SetResult();
    }

    private void Leave()
    {
        lock (_gate)
        {
            if (--_watchers == 0)
            {
                delays.Stop();
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Watcher(LiveFeed feed) : IDisposable
    {
        private LiveFeed? _feed = feed;

        public void Dispose() => Interlocked.Exchange(ref _feed, null)?.Leave();
    }
}
