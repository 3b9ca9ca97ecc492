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

    // Whoever watches believes that nobody speaks any more after three seconds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _wake = new(0);
    private TaskCompletionSource _changed = NewSignal();
    private byte[]? _current;
    private int _watchers;

    // What was counted is looked at before the outbox is asked, as the audit does: what came in between isn't on its way, and nothing on its way is hidden.
    private readonly Question<OutboxAnswer> _outbox = new(
        async cancellationToken =>
        {
            await RefreshAsync(refresher, time, cancellationToken);
            var counted = view.Read().Total;
            return new OutboxAnswer(counted, await source!.ReadPositionsAsync(cancellationToken));
        },
        static fault => fault is InboxSourceException,
        time);

    private readonly Question<InboxAnswer> _database = new(
        async cancellationToken => new InboxAnswer(await inbox.CountQuarantinedAsync(cancellationToken), await inbox.ReadSystemAsync(cancellationToken)),
        DatabaseTrouble.Is,
        time);

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
            await Task.WhenAll(_database.BeginAsync(stoppingToken), source is null ? Task.CompletedTask : _outbox.BeginAsync(stoppingToken));
            while (Volatile.Read(ref _watchers) > 0)
            {
                Show(JsonSerializer.SerializeToUtf8Bytes(await ComposeAsync(stoppingToken), LiveJson.Default.LiveState));
                await Task.Delay(Interval, time, stoppingToken);
            }
        }
    }

    private async Task<LiveState> ComposeAsync(CancellationToken stoppingToken)
    {
        await _database.AskAsync(stoppingToken);
        if (source is not null)
        {
            await _outbox.AskAsync(stoppingToken);
        }

        var status = inbox.Status;
        var trouble = await RefreshAsync(refresher, time, stoppingToken) ?? status.NotReadyReason;
        var total = view.Read().Total;
        var isOther = _outbox.Answer is { } heard && _database.Answer is { System: { } held } && heard.Positions.System != held;

        // Numbers of which nobody knows whether they are of this system aren't shown as if they were.
        var outbox = isOther || _database.Answer is null ? null : _outbox.Answer;

        // Once nobody answers counting goes on: what is counted was accepted.
        var counted = outbox is not null && _outbox.IsAnswered ? outbox.Counted : total;
        var shards = ShardsOf(counted, outbox?.Positions, status);
        return new LiveState(
            time.GetUtcNow().ToUnixTimeMilliseconds(),
            options.Value.Instance,
            trouble ?? (isOther ? "the Calculator that is asked belongs to another system" : null),
            total.Total.ToString(),
            total.Count,
            outbox is null ? null : SourceOf(shards, counted),
            status.SetAside,
            status.DuplicatesSuppressed,
            _database.IsAnswered ? _database.Answer?.Quarantined : null,
            new LiveAdopted(total.AdoptedCount, total.AdoptedSum.ToString()),
            inbox.Audit is { } audit ? new LiveAudit(audit.Shards, audit.Differences, Math.Round(audit.Age.TotalSeconds, 1)) : null,
            delays.Read(),
            shards);
    }

    /// <summary>Reads what is counted where that is old, but not for long: a state that says so is worth more than none.</summary>
    /// <returns>Why it can't be read; null when it could.</returns>
    private static async Task<string?> RefreshAsync(TotalsRefresher refresher, TimeProvider time, CancellationToken stoppingToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stoppingToken);
        try
        {
            await refresher.EnsureFreshAsync(ending.Token);
            return null;
        }
        catch (Exception away) when (DatabaseTrouble.Is(away))
        {
            return "the database can't be read now";
        }
        catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
        {
            return "the database doesn't answer now";
        }
    }

    private LiveSource SourceOf(List<LiveShard> shards, TotalSnapshot counted) => new(
        _outbox.IsAnswered,
        shards.Sum(static shard => shard.Committed) + counted.AdoptedCount,
        shards.Sum(static shard => shard.Committed - shard.Relayed),
        shards.Sum(static shard => shard.Relayed - shard.Counted),
        counted.Count);

    private static List<LiveShard> ShardsOf(TotalSnapshot counted, SourcePositions? outbox, InboxStatus status)
    {
        var held = counted.Shards.ToDictionary(static position => position.Shard);
        var committed = outbox?.Shards.ToDictionary(static at => at.Shard) ?? [];
        var stuck = StatusEndpoint.StillOf(counted.Shards, status.Troubles).ToDictionary(static trouble => trouble.Shard);
        return [.. held.Keys.Union(committed.Keys).Union(stuck.Keys).Order().Select(shard =>
        {
            var position = held.GetValueOrDefault(shard);
            var at = committed.GetValueOrDefault(shard);
            var trouble = stuck.GetValueOrDefault(shard);

            // What was counted before the question was in Kafka then, though notes of what Kafka has come later; and was committed, though a database that was
            // restored from a copy may not know it any more.
            var relayed = Math.Max(at?.Relayed ?? 0, position?.Sequence ?? 0);
            return new LiveShard(
                shard,
                StatusEndpoint.NameOf(trouble?.Kind),
                trouble?.Reason,
                string.IsNullOrEmpty(at?.Owner) ? null : at.Owner,
                Math.Max(at?.Sequence ?? 0, relayed),
                relayed,
                position?.Sequence ?? 0,
                position?.Count ?? 0);
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

    /// <summary>How far the outbox is, and what was counted before it was asked.</summary>
    private sealed record OutboxAnswer(TotalSnapshot Counted, SourcePositions Positions);

    /// <summary>What the database says besides: the quarantine, and whose events are held.</summary>
    private sealed record InboxAnswer(long Quarantined, Guid? System);

    private sealed class Watcher(LiveFeed feed) : IDisposable
    {
        private LiveFeed? _feed = feed;

        public void Dispose() => Interlocked.Exchange(ref _feed, null)?.Leave();
    }
}
