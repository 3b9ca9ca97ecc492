using System.Diagnostics.Metrics;
using Tally.Outbox.Storage;

namespace Tally.Outbox.Diagnostics;

/// <summary>Everything the outbox measures. Recorded once a commit, never once a call.</summary>
internal sealed class OutboxMetrics : IDisposable
{
    public const string MeterName = "Tally.Outbox";

    /// <summary>How often the tables are looked at.</summary>
    public static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan KeptFor = 6 * LookInterval;

    private readonly Meter _meter;
    private readonly Counter<long> _committed;
    private readonly Histogram<double> _commitDuration;
    private readonly Histogram<int> _commitSize;
    private readonly Counter<long> _claims;
    private readonly Counter<long> _fenced;
    private readonly Counter<long> _keysRepeated;
    private readonly Counter<long> _keysReused;
    private readonly Counter<long> _publishFailures;
    private readonly Counter<long> _deliveriesFailed;
    private readonly Counter<long> _readFromTable;
    private readonly Histogram<double> _publishDuration;
    private readonly TimeProvider _time;
    private volatile Look? _look;

    public OutboxMetrics(IMeterFactory factory, TimeProvider time)
    {
        _time = time;
        _meter = factory.Create(MeterName);
        _committed = _meter.CreateCounter<long>("tally.outbox.committed", "{result}", "Results committed to the outbox.");
        _commitDuration = _meter.CreateHistogram<double>(
            "tally.outbox.commit.duration",
            "s",
            "Time from sending a commit to its answer.",
            advice: new() { HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10] });
        _commitSize = _meter.CreateHistogram<int>(
            "tally.outbox.commit.size",
            "{result}",
            "Results that shared a commit.",
            advice: new() { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] });
        _claims = _meter.CreateCounter<long>("tally.outbox.claims", "{claim}", "Times this instance claimed a shard.");
        _fenced = _meter.CreateCounter<long>("tally.outbox.fenced", "{commit}", "Commits refused because another instance had taken the shard.");
        _keysRepeated = _meter.CreateCounter<long>(
            "tally.outbox.keys.repeated", "{append}", "Appends that got the answer which is stored under their idempotency key.");
        _keysReused = _meter.CreateCounter<long>(
            "tally.outbox.keys.reused", "{append}", "Appends refused because their idempotency key belongs to another request.");
        _publishFailures = _meter.CreateCounter<long>(
            "tally.outbox.publish.failures", "{failure}", "Times a shard's relay had to begin again behind its last acknowledged result.");
        _deliveriesFailed = _meter.CreateCounter<long>(
            "tally.outbox.deliveries.failed", "{result}", "Results of which Kafka's client said that they were not delivered. They are published again.");
        _readFromTable = _meter.CreateCounter<long>(
            "tally.outbox.relay.table_reads", "{result}", "Results that the relay read from the table instead of memory.");
        _publishDuration = _meter.CreateHistogram<double>(
            "tally.outbox.publish.duration",
            "s",
            "Time from handing a result to Kafka's client to Kafka's acknowledgement; one result at a time is watched in each shard.",
            advice: new() { HistogramBucketBoundaries = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60] });
    }

    /// <summary>Lets the meter ask what is measured by looking.</summary>
    public void Observe(int queueCapacity, Func<IEnumerable<ShardView>> shards)
    {
        _meter.CreateObservableGauge("tally.outbox.queue.capacity", () => queueCapacity, "{result}", "Appends that can wait for a commit, in each shard.");
        _meter.CreateObservableGauge(
            "tally.outbox.lease.remaining",
            () => from shard in shards() let left = shard.LeaseRemaining where left is not null select new Measurement<double>(left.Value.TotalSeconds, Tag(shard.Shard)),
            "s",
            "How long this instance's lease lasts unless it's renewed; below 0 when it has run out.");
        _meter.CreateObservableCounter(
            "tally.outbox.republished", () => Of(shards, shard => shard.Republished), "{result}", "Results handed to Kafka again, after a failure or a rewind.");
        ObserveKept();

        // From the start: the first fault is then a rise, which an alert sees, and not a series that appears.
        foreach (var shard in shards())
        {
            foreach (var counter in new[] { _committed, _claims, _fenced, _keysRepeated, _keysReused, _publishFailures, _deliveriesFailed, _readFromTable })
            {
                counter.Add(0, Tag(shard.Shard));
            }
        }

        _meter.CreateObservableGauge(
            "tally.outbox.queue.length", () => Of(shards, shard => shard.QueueLength), "{result}", "Appends that wait for a commit.");
        _meter.CreateObservableGauge(
            "tally.outbox.relay.pending", () => Of(shards, shard => shard.Pending), "{result}", "Committed results that Kafka has not acknowledged.");
        _meter.CreateObservableGauge(
            "tally.outbox.shards.owned", () => shards().Count(shard => shard.IsOwned), "{shard}", "Shards that this instance owns.");
        _meter.CreateObservableGauge(
            "tally.outbox.shards.stopped",
            () => shards().Count(shard => shard.IsStopped),
            "{shard}",
            "Shards that stopped for good, since something is wrong that trying again can't mend.");
        _meter.CreateObservableCounter(
            "tally.outbox.published", () => Of(shards, shard => shard.Published), "{result}", "Results that Kafka acknowledged to this instance.");
    }

    /// <summary>What the tables said of all shards just now.</summary>
    public void SetKept(IReadOnlyList<KeptShard> shards) => _look = new Look(shards, _time.GetTimestamp());

    private void ObserveKept()
    {
        Gauge("tally.outbox.backlog", shard => shard.Backlog, "{result}", "Results that are stored and not noted as relayed, as the tables say; also while no relay runs.");
        _meter.CreateObservableGauge(
            "tally.outbox.backlog.age",
            () => Kept().Select(shard => new Measurement<double>(shard.BacklogAge.TotalSeconds, Tag(shard.Shard))),
            "s",
            "How old the oldest of them is, by the database's clock; 0 when there is none.");
        Gauge("tally.outbox.kept", shard => shard.Kept, "{result}", "Results that retention has not dropped.");
        Gauge("tally.outbox.segments", shard => shard.Segments, "{segment}", "Segments of a shard's table, those made ahead included.");
        Gauge("tally.outbox.size", shard => shard.Bytes, "By", "What the segments take on the database's disk.");

        void Gauge(string name, Func<KeptShard, long> value, string unit, string description) =>
            _meter.CreateObservableGauge(name, () => Kept().Select(shard => new Measurement<long>(value(shard), Tag(shard.Shard))), unit, description);
    }

    // What nobody could look at for a while isn't known.
    private IReadOnlyList<KeptShard> Kept() => _look is { } look && _time.GetElapsedTime(look.At) < KeptFor ? look.Shards : [];

    public void PublishTook(TimeSpan duration) => _publishDuration.Record(duration.TotalSeconds);

    public void Committed(int shard, int results, TimeSpan duration)
    {
        var tag = Tag(shard);
        _committed.Add(results, tag);
        _commitDuration.Record(duration.TotalSeconds, tag);
        _commitSize.Record(results, tag);
    }

    public void Claimed(int shard) => _claims.Add(1, Tag(shard));

    public void Fenced(int shard) => _fenced.Add(1, Tag(shard));

    public void KeysAnswered(int shard, int repeated, int reused)
    {
        _keysRepeated.Add(repeated, Tag(shard));
        _keysReused.Add(reused, Tag(shard));
    }

    public void DeliveryFailed(int shard) => _deliveriesFailed.Add(1, Tag(shard));

    public void PublishFailed(int shard) => _publishFailures.Add(1, Tag(shard));

    public void ReadFromTable(int shard, long results) => _readFromTable.Add(results, Tag(shard));

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> Of(Func<IEnumerable<ShardView>> shards, Func<ShardView, long?> value) =>
        from shard in shards() let measured = value(shard) where measured is not null select new Measurement<long>(measured.Value, Tag(shard.Shard));

    private static KeyValuePair<string, object?> Tag(int shard) => new("tally.shard", shard);

    private sealed record Look(IReadOnlyList<KeptShard> Shards, long At);
}

/// <summary>What can be seen of a shard from outside.</summary>
/// <param name="Shard">Its number.</param>
/// <param name="IsOwned">Whether this instance owns it and can store.</param>
/// <param name="QueueLength">Appends that wait.</param>
/// <param name="Pending">Committed and not acknowledged by Kafka; null when unknown here.</param>
/// <param name="Published">Acknowledged to this instance since it started.</param>
/// <param name="Republished">Handed to Kafka again since this instance started.</param>
/// <param name="IsStopped">Whether it stopped for good.</param>
/// <param name="LeaseRemaining">How long this instance's lease lasts; null without one.</param>
internal readonly record struct ShardView(
    int Shard, bool IsOwned, int QueueLength, long? Pending, long Published, long Republished, bool IsStopped, TimeSpan? LeaseRemaining);
