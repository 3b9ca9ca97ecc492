using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using Tally.Telemetry.Prometheus;

namespace Tally.Telemetry;

/// <summary>
/// The OpenTelemetry SDK as Tally uses it: it counts from the moment this object exists, so it is made before the parts that measure.
/// </summary>
internal sealed class MetricsCollection : IAsyncDisposable
{
    /// <summary>
    /// How many combinations of attributes one instrument may have; the rest is counted together as <c>otel_metric_overflow="true"</c>. The SDK
    /// takes memory for all of them at once (5 MB for 30 instruments at 1000), so the limit isn't higher than what shards and status codes need.
    /// </summary>
    public const int CardinalityLimit = 500;

    private const string Kestrel = "Microsoft.AspNetCore.Server.Kestrel";

    /// <summary>Bounds for durations in seconds, unless the instrument advises others: from half a millisecond to ten seconds.</summary>
    private static readonly double[] Seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private static readonly string[] Standard = [ProcessMetrics.MeterName, "System.Runtime", Kestrel, "Npgsql"];

    private readonly MeterProvider _provider;

    public MetricsCollection(ServiceIdentity identity, IMeterFactory factory, IEnumerable<string> meters, ILogger<PrometheusExporter> log)
    {
        var exporter = new PrometheusExporter(log);
        var reader = new BaseExportingMetricReader(exporter) { TemporalityPreference = MetricReaderTemporalityPreference.Cumulative };
        _provider = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(identity.Resource)
            .AddMeter([.. Standard.Concat(meters).Distinct()])
            .SetExemplarFilter(ExemplarFilterType.TraceBased)
            .AddView(instrument => View(instrument, factory))
            .AddReader(reader)
            .Build();
        Scraper = new Scraper(exporter, reader, log);
    }

    public Scraper Scraper { get; }

    public async ValueTask DisposeAsync()
    {
        await Scraper.FinishAsync().ConfigureAwait(false);
        _provider.Dispose();
    }

    private static MetricStreamConfiguration View(Instrument instrument, IMeterFactory factory)
    {
        // Another host in this process (tests have several) has meters of the same names.
        if (instrument.Meter.Scope is IMeterFactory other && !ReferenceEquals(other, factory))
        {
            return MetricStreamConfiguration.Drop;
        }

        // Counted up and down with each request, it costs more than all that is measured of a call besides, and with HTTP/2 hardly anything waits there.
        if (instrument is { Name: "kestrel.queued_requests", Meter.Name: Kestrel })
        {
            return MetricStreamConfiguration.Drop;
        }

        return instrument.Unit == "s" && IsHistogramWithoutAdvice(instrument)
            ? new ExplicitBucketHistogramConfiguration { Boundaries = Seconds, CardinalityLimit = CardinalityLimit }
            : new MetricStreamConfiguration { CardinalityLimit = CardinalityLimit };
    }

    private static bool IsHistogramWithoutAdvice(Instrument instrument) => instrument switch
    {
        Histogram<double> histogram => histogram.Advice?.HistogramBucketBoundaries is null,
        Histogram<float> histogram => histogram.Advice?.HistogramBucketBoundaries is null,
        Histogram<long> histogram => histogram.Advice?.HistogramBucketBoundaries is null,
        Histogram<int> histogram => histogram.Advice?.HistogramBucketBoundaries is null,
        _ => false,
    };
}
