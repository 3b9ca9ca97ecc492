using System.Buffers;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Tally.Telemetry.Prometheus;

/// <summary>
/// Turns what the OpenTelemetry SDK collected into Prometheus text. The SDK calls <see cref="Export"/> while <see cref="Scraper"/> collects, one at a
/// time, so the fields need no lock.
/// </summary>
internal sealed class PrometheusExporter(ILogger<PrometheusExporter> log) : BaseExporter<Metric>
{
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly HashSet<string> _reported = new(StringComparer.Ordinal);
    private string? _target;

    /// <summary>For each format whether the next collection is to write it.</summary>
    public bool[] Wanted { get; } = new bool[TextFormats.Count];

    /// <summary>For each format that was wanted the text of the last collection.</summary>
    public byte[]?[] Texts { get; } = new byte[]?[TextFormats.Count];

    public override ExportResult Export(in Batch<Metric> batch)
    {
        var families = new SortedDictionary<string, Family>(StringComparer.Ordinal);
        foreach (var metric in batch)
        {
            Add(families, metric);
        }

        foreach (var format in Enum.GetValues<TextFormat>())
        {
            Texts[(int)format] = Wanted[(int)format] ? Write(families.Values, format) : null;
        }

        return ExportResult.Success;
    }

    private byte[] Write(IEnumerable<Family> families, TextFormat format)
    {
        _target ??= Labels.Write(ParentProvider.GetResource().Attributes.Select(a => KeyValuePair.Create(a.Key, (object?)a.Value)));
        _buffer.ResetWrittenCount();
        var writer = new MetricsWriter(_buffer, format);
        writer.WriteTarget(_target);
        foreach (var family in families)
        {
            writer.Write(family);
        }

        writer.WriteEnd();
        return _buffer.WrittenSpan.ToArray();
    }

    private void Add(SortedDictionary<string, Family> families, Metric metric)
    {
        var type = MetricReading.TypeOf(metric);
        var (name, unit) = MetricNames.Family(metric.Name, metric.Unit, type);
        if (!families.TryGetValue(name, out var family))
        {
            var help = metric.Description.Length > 0 ? metric.Description : $"{metric.Name} of {metric.MeterName}.";
            family = new Family(name, type, unit, help);
        }
        else if (family.Type != type)
        {
            Report(name, metric);
            return;
        }

        // Two meters may count the same thing; a series that both have would make Prometheus refuse the scrape, so the first one stays.
        var taken = family.Series.Count == 0 ? null : family.Series.Select(series => series.Labels).ToHashSet(StringComparer.Ordinal);
        var added = MetricReading.Series(metric).Where(series => taken?.Contains(series.Labels) != true).DistinctBy(series => series.Labels).ToList();
        if (added.Count > 0)
        {
            family.Series.AddRange(added);
            family.Series.Sort(static (a, b) => string.CompareOrdinal(a.Labels, b.Labels));
            families[name] = family;
        }
    }

    private void Report(string name, Metric metric)
    {
        if (_reported.Add($"{metric.MeterName}/{metric.Name}"))
        {
            Log.NameTaken(log, metric.Name, metric.MeterName, name);
        }
    }
}
