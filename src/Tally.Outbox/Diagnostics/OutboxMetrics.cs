using System.Diagnostics.Metrics;

namespace Tally.Outbox.Diagnostics;

/// <summary>Everything the outbox measures. Recorded once a commit, never once a call.</summary>
internal sealed class OutboxMetrics : IDisposable
{
    public const string MeterName = "Tally.Outbox";

    private readonly Meter _meter;
    private readonly Counter<long> _committed;
    private readonly Histogram<double> _commitDuration;
    private readonly Histogram<int> _commitSize;
    private readonly Counter<long> _claims;
    private readonly Counter<long> _fenced;
    private readonly Counter<long> _keysRepeated;
    private readonly Counter<long> _keysReused;
    private readonly Counter<long> _publishFailures;
    private readonly Counter<long> _readFromTable;

    public OutboxMetrics(IMeterFactory factory)
    {
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
        _readFromTable = _meter.CreateCounter<long>(
            "tally.outbox.relay.table_reads", "{result}", "Results that the relay read from the table instead of memory.");
    }

    /// <summary>Lets the meter ask what is measured by looking.</summary>
    public void Observe(Func<IEnumerable<ShardView>> shards)
    {
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

    public void PublishFailed(int shard) => _publishFailures.Add(1, Tag(shard));

    public void ReadFromTable(int shard, long results) => _readFromTable.Add(results, Tag(shard));

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> Of(Func<IEnumerable<ShardView>> shards, Func<ShardView, long?> value) =>
        from shard in shards() let measured = value(shard) where measured is not null select new Measurement<long>(measured.Value, Tag(shard.Shard));

    private static KeyValuePair<string, object?> Tag(int shard) => new("tally.shard", shard);
}

/// <summary>What can be seen of a shard from outside.</summary>
/// <param name="Shard">Its number.</param>
/// <param name="IsOwned">Whether this instance owns it and can store.</param>
/// <param name="QueueLength">Appends that wait.</param>
/// <param name="Pending">Committed and not acknowledged by Kafka; null when unknown here.</param>
/// <param name="Published">Acknowledged to this instance since it started.</param>
/// <param name="IsStopped">Whether it stopped for good.</param>
internal readonly record struct ShardView(int Shard, bool IsOwned, int QueueLength, long? Pending, long Published, bool IsStopped);
