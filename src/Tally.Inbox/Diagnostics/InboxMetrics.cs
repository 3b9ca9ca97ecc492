using System.Diagnostics.Metrics;

namespace Tally.Inbox.Diagnostics;

/// <summary>All instruments of the inbox. None has tags that grow with traffic.</summary>
internal sealed class InboxMetrics : IDisposable
{
    private const int Unknown = -1;

    private readonly Meter _meter;
    private readonly TimeProvider _time;
    private readonly Counter<long> _applied;
    private readonly Counter<long> _duplicates;
    private readonly Counter<long> _quarantined;
    private readonly Counter<long> _forks;
    private readonly Counter<long> _collisions;
    private readonly Counter<long> _rewinds;
    private readonly Counter<long> _audits;
    private readonly Counter<long> _auditFailures;
    private readonly Histogram<double> _commitDuration;
    private readonly Histogram<long> _foldEvents;
    private readonly Histogram<double> _delay;
    private long _duplicatesTotal;
    private long _auditedAt;
    private AuditResult? _auditResult;
    private long _quarantineSize = Unknown;
    private volatile InboxStatus _status = new("starting", 0, 0, [], []);
    private IReadOnlyList<KeyValuePair<int, long>> _lags = [];

    public InboxMetrics(IMeterFactory factory, TimeProvider time)
    {
        _time = time;
        _meter = factory.Create(InboxMeter.Name);
        _applied = _meter.CreateCounter<long>("tally.inbox.events.applied", "{event}", "Events folded and committed.");
        _duplicates = _meter.CreateCounter<long>("tally.inbox.events.duplicate", "{event}", "Replayed events that were skipped.");
        _quarantined = _meter.CreateCounter<long>("tally.inbox.events.quarantined", "{event}", "Messages that were put into the quarantine.");
        _forks = _meter.CreateCounter<long>("tally.inbox.forks", "{fork}", "Shards that were stopped by a fork.");
        _collisions = _meter.CreateCounter<long>("tally.inbox.fold.collisions", "{fold}", "Folds that another instance was faster with.");
        _rewinds = _meter.CreateCounter<long>("tally.inbox.rewinds", "{rewind}", "Times that the outbox was asked to send a shard again.");
        _audits = _meter.CreateCounter<long>("tally.inbox.audits", "{audit}", "Times that positions were compared with the outbox.");
        _auditFailures = _meter.CreateCounter<long>("tally.inbox.audit.failures", "{audit}", "Times that they could not be compared.");

        _commitDuration = _meter.CreateHistogram(
            "tally.inbox.fold.duration", "s", "Time from the start of a fold's commit to its confirmation.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5] });
        _foldEvents = _meter.CreateHistogram(
            "tally.inbox.fold.events", "{event}", "Events that share a commit.",
            advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000] });
        _delay = _meter.CreateHistogram(
            "tally.inbox.event.delay", "s", "Time from the sender's commit of an event to the commit of its fold, by the two clocks; an even sample of each fold.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.002, 0.004, 0.006, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 60, 300, 600] });
        _meter.CreateObservableGauge("tally.inbox.events.set_aside", () => _status.SetAside, "{event}", "Events that came too early and wait in memory.");
        _meter.CreateObservableGauge("tally.inbox.gaps", () => CountTroubles(ShardTroubleKind.Gap), "{shard}", "Shards that wait for a missing event.");
        _meter.CreateObservableGauge("tally.inbox.shards.stopped", () => CountTroubles(ShardTroubleKind.Fork) + CountTroubles(ShardTroubleKind.Damaged), "{shard}", "Shards that are stopped until somebody decides.");
        _meter.CreateObservableGauge("tally.inbox.ready", () => _status.IsReady ? 1 : 0, "{inbox}", "1 while the inbox consumes and folds.");
        _meter.CreateObservableGauge("tally.inbox.lag", ObserveLag, "{event}", "Messages in a partition that were not read yet.");
        _meter.CreateObservableGauge("tally.inbox.audit.age", ObserveAuditAge, "s", "Time since positions were compared with the outbox for the last time.");
        _meter.CreateObservableGauge(
            "tally.inbox.audit.differences",
            () => Known(Volatile.Read(ref _auditResult)?.Differences ?? Unknown),
            "{shard}",
            "Shards whose state isn't what the outbox says it is at the very position that is held; 0, always.");
        _meter.CreateObservableGauge(
            "tally.inbox.audit.shards", () => Known(Volatile.Read(ref _auditResult)?.Shards ?? Unknown), "{shard}", "Shards of which that is known.");
        _meter.CreateObservableGauge(
            "tally.inbox.quarantine.size", () => Known(Volatile.Read(ref _quarantineSize)), "{message}", "Messages in the quarantine that nobody has decided about; 10,001 stands for more.");
    }

    public InboxStatus Status
    {
        get => _status;
        set => _status = value;
    }

    /// <summary>Shows all counters from the start: the first fault is then a rise, which an alert sees, and not a series that appears.</summary>
    public void BeginAtZero()
    {
        foreach (var counter in new[] { _applied, _duplicates, _quarantined, _forks, _collisions, _rewinds, _audits, _auditFailures })
        {
            counter.Add(0);
        }
    }

    public long DuplicatesTotal => Volatile.Read(ref _duplicatesTotal);

    public void SetLags(IReadOnlyList<KeyValuePair<int, long>> lags) => Volatile.Write(ref _lags, lags);

    /// <summary>Called by the consuming thread alone.</summary>
    public void Duplicate()
    {
        _duplicatesTotal++;
        _duplicates.Add(1);
    }

    public void Quarantined() => _quarantined.Add(1);

    public void Forked() => _forks.Add(1);

    public void Collided() => _collisions.Add(1);

    public void Rewound() => _rewinds.Add(1);

    /// <summary>Positions of all shards of this instance were compared with the outbox.</summary>
    public void Audited()
    {
        _audits.Add(1);
        Volatile.Write(ref _auditedAt, _time.GetTimestamp());
    }

    /// <summary>What the comparison says of shards, also where it failed for others.</summary>
    /// <param name="shards">Of how many shards the outbox has the very place that is held here.</param>
    /// <param name="differences">How many of them hold something else there.</param>
    public void Compared(int shards, int differences) =>
        Volatile.Write(ref _auditResult, shards > 0 ? new AuditResult(shards, differences, _time.GetTimestamp()) : null);

    /// <summary>Nothing could be compared, so nothing is known now.</summary>
    public void NotCompared() => Volatile.Write(ref _auditResult, null);

    /// <summary>The last comparison, while it holds.</summary>
    public InboxAudit? Audit =>
        Volatile.Read(ref _auditResult) is { } result ? new InboxAudit(result.Shards, result.Differences, _time.GetElapsedTime(result.At)) : null;

    /// <summary>How many messages wait in the quarantine; null when that could not be read.</summary>
    public void SetQuarantineSize(long? messages) => Volatile.Write(ref _quarantineSize, messages ?? Unknown);

    public void AuditFailed() => _auditFailures.Add(1);

    public void Committed(int events, TimeSpan duration, IReadOnlyList<long> committedUnixMicros)
    {
        _applied.Add(events);
        _commitDuration.Record(duration.TotalSeconds);
        _foldEvents.Record(events);
        if (!_delay.Enabled || committedUnixMicros.Count == 0)
        {
            return;
        }

        var now = (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
        foreach (var micros in committedUnixMicros)
        {
            // Two machines' clocks may differ; a negative delay would only confuse.
            _delay.Record(Math.Max(0, now - (micros / 1e6)));
        }
    }

    public void Dispose() => _meter.Dispose();

    private int CountTroubles(ShardTroubleKind kind) => _status.Troubles.Count(trouble => trouble.Kind == kind);

    // What isn't known yet isn't measured.
    private static IEnumerable<Measurement<long>> Known(long value) => value == Unknown ? [] : [new Measurement<long>(value)];

    private IEnumerable<Measurement<double>> ObserveAuditAge() =>
        Volatile.Read(ref _auditedAt) is var at and not 0 ? [new Measurement<double>(_time.GetElapsedTime(at).TotalSeconds)] : [];

    private IEnumerable<Measurement<long>> ObserveLag() =>
        Volatile.Read(ref _lags).Select(lag => new Measurement<long>(lag.Value, new KeyValuePair<string, object?>("tally.partition", lag.Key)));

    private sealed record AuditResult(int Shards, int Differences, long At);
}
