using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Tally.Telemetry.Prometheus;

/// <summary>Writes families in one of the two text formats. Knows nothing of OpenTelemetry.</summary>
internal sealed class MetricsWriter(IBufferWriter<byte> output, TextFormat format)
{
    private readonly bool _open = format == TextFormat.OpenMetrics;

    /// <summary>What the whole process is, as labels of one series that is always 1.</summary>
    public void WriteTarget(string labels)
    {
        Header(_open ? "target" : "target_info", _open ? "info" : "gauge", "", "What is being measured.");
        Sample("target_info", labels, "", 1, null);
    }

    public void Write(Family family)
    {
        var name = family.Type == FamilyType.Counter && !_open ? family.Name + "_total" : family.Name;
        Header(name, TypeName(family.Type), family.Unit, family.Help);
        foreach (var series in family.Series)
        {
            if (series.Distribution is { } distribution)
            {
                WriteHistogram(family.Name, series.Labels, distribution);
            }
            else
            {
                Sample(family.Type == FamilyType.Counter ? family.Name + "_total" : family.Name, series.Labels, "", series.Value, series.Example);
            }
        }
    }

    /// <summary>OpenMetrics readers tell a whole answer from a torn one by this.</summary>
    public void WriteEnd()
    {
        if (_open)
        {
            Text("# EOF\n");
        }
    }

    private static string TypeName(FamilyType type) => type switch
    {
        FamilyType.Counter => "counter",
        FamilyType.Histogram => "histogram",
        _ => "gauge",
    };

    private void Header(string name, string type, string unit, string help)
    {
        Text($"# HELP {name} {Labels.Escape(help, quotes: _open)}\n# TYPE {name} {type}\n");
        if (_open && unit.Length > 0)
        {
            Text($"# UNIT {name} {unit}\n");
        }
    }

    private void WriteHistogram(string name, string labels, Distribution distribution)
    {
        long below = 0;
        for (var i = 0; i < distribution.Counts.Length; i++)
        {
            below += distribution.Counts[i];
            var bound = i < distribution.Bounds.Length ? distribution.Bounds[i] : double.PositiveInfinity;
            Sample(name + "_bucket", labels, Bound(bound), below, distribution.Examples.Length > i ? distribution.Examples[i] : null);
        }

        Sample(name + "_sum", labels, "", distribution.Sum, null);
        Sample(name + "_count", labels, "", below, null);
    }

    private void Sample(string name, string labels, string bound, Number value, Example? example)
    {
        Text(name);
        if (labels.Length > 0 || bound.Length > 0)
        {
            Text("{");
            Text(labels);
            Text(bound.Length == 0 ? "" : labels.Length == 0 ? $"le=\"{bound}\"" : $",le=\"{bound}\"");
            Text("}");
        }

        Text(" ");
        Write(value);
        if (_open && example is not null)
        {
            Text($" # {{trace_id=\"{example.TraceId}\",span_id=\"{example.SpanId}\"}} ");
            Write(example.Value);
            Text($" {example.Timestamp.ToUnixTimeMilliseconds() / 1000.0:F3}");
        }

        Text("\n");
    }

    /// <summary>OpenMetrics wants bounds to look like floating-point numbers (<c>1.0</c>), and the classic format has always had <c>1</c>.</summary>
    private string Bound(double bound)
    {
        var text = Written(bound);
        return _open && double.IsFinite(bound) && text.AsSpan().IndexOfAny('.', 'e') < 0 ? text + ".0" : text;
    }

    private void Write(Number value)
    {
        if (value.IsWhole)
        {
            var span = output.GetSpan(20);
            Utf8Formatter.TryFormat(value.Whole, span, out var written);
            output.Advance(written);
        }
        else
        {
            Text(Written(value.Fraction));
        }
    }

    private static string Written(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R").Replace('E', 'e'),
    };

    private void Text(string text) => Encoding.UTF8.GetBytes(text, output);
}
