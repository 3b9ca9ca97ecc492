using OpenTelemetry.Metrics;

namespace Tally.Telemetry.Prometheus;

/// <summary>Reads the SDK's metrics into <see cref="Prometheus.Series"/>.</summary>
internal static class MetricReading
{
    public static FamilyType TypeOf(Metric metric) => metric.MetricType switch
    {
        // The runtime measures these two with counters, although they fall as well as rise.
        _ when metric is { MeterName: "System.Runtime", Name: "dotnet.thread_pool.thread.count" or "dotnet.thread_pool.queue.length" } => FamilyType.Gauge,
        MetricType.LongSum or MetricType.DoubleSum => FamilyType.Counter,
        MetricType.Histogram or MetricType.ExponentialHistogram => FamilyType.Histogram,
        _ => FamilyType.Gauge,
    };

    public static List<Series> Series(Metric metric)
    {
        var all = new List<Series>();
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            all.Add(Read(metric.MetricType, in point));
        }

        return all;
    }

    private static Series Read(MetricType type, ref readonly MetricPoint point)
    {
        var attributes = new List<KeyValuePair<string, object?>>(point.Tags.Count);
        foreach (var attribute in point.Tags)
        {
            attributes.Add(attribute);
        }

        var labels = Labels.Write(attributes);
        return type switch
        {
            MetricType.LongSum => new Series(labels, point.GetSumLong(), Example: Latest(Examples(in point, whole: true))),
            MetricType.DoubleSum => new Series(labels, point.GetSumDouble(), Example: Latest(Examples(in point, whole: false))),
            MetricType.LongSumNonMonotonic => new Series(labels, point.GetSumLong()),
            MetricType.DoubleSumNonMonotonic => new Series(labels, point.GetSumDouble()),
            MetricType.LongGauge => new Series(labels, point.GetGaugeLastValueLong()),
            MetricType.DoubleGauge => new Series(labels, point.GetGaugeLastValueDouble()),
            MetricType.Histogram => new Series(labels, 0, Buckets(in point)),
            _ => new Series(labels, 0, new Distribution([], [point.GetHistogramCount()], point.GetHistogramSum(), [])),
        };
    }

    private static Distribution Buckets(ref readonly MetricPoint point)
    {
        var bounds = new List<double>();
        var counts = new List<long>();
        foreach (var bucket in point.GetHistogramBuckets())
        {
            counts.Add(bucket.BucketCount);
            if (!double.IsPositiveInfinity(bucket.ExplicitBound))
            {
                bounds.Add(bucket.ExplicitBound);
            }
        }

        // A histogram without bounds has no buckets at all; Prometheus wants the last one always.
        if (counts.Count == 0)
        {
            counts.Add(point.GetHistogramCount());
        }

        var examples = Examples(in point, whole: false);
        var placed = examples.Count == 0 ? [] : new Example?[counts.Count];
        foreach (var example in examples)
        {
            var bucket = bounds.FindIndex(bound => example.Value.Fraction <= bound);
            ref var place = ref placed[bucket < 0 ? counts.Count - 1 : bucket];
            place = place is null || place.Timestamp < example.Timestamp ? example : place;
        }

        return new Distribution([.. bounds], [.. counts], point.GetHistogramSum(), placed);
    }

    private static List<Example> Examples(ref readonly MetricPoint point, bool whole)
    {
        var examples = new List<Example>();
        if (point.TryGetExemplars(out var exemplars))
        {
            foreach (ref readonly var exemplar in exemplars)
            {
                if (exemplar.TraceId != default)
                {
                    Number value = whole ? exemplar.LongValue : exemplar.DoubleValue;
                    examples.Add(new Example(exemplar.TraceId.ToHexString(), exemplar.SpanId.ToHexString(), value, exemplar.Timestamp));
                }
            }
        }

        return examples;
    }

    private static Example? Latest(List<Example> examples) => examples.MaxBy(example => example.Timestamp);
}
