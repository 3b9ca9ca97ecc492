using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Tally.Telemetry.Prometheus;

/// <summary>Attributes as Prometheus labels: <c>a="b",c="d"</c>, sorted by name, so that the same attributes are the same text.</summary>
internal static class Labels
{
    public static string Write(IEnumerable<KeyValuePair<string, object?>> attributes)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in attributes)
        {
            var name = MetricNames.Label(key);
            var text = Text(value);

            // Names that differ only in what Prometheus can't write share a label, as OpenTelemetry wants it.
            labels[name] = labels.TryGetValue(name, out var other) ? $"{other};{text}" : text;
        }

        var written = new StringBuilder();
        foreach (var (name, value) in labels)
        {
            written.Append(written.Length == 0 ? "" : ",").Append(name).Append("=\"").Append(Escape(value, quotes: true)).Append('"');
        }

        return written.ToString();
    }

    /// <summary>Backslashes and line feeds (and quotes where the text is quoted) are the only characters with a meaning.</summary>
    public static string Escape(string text, bool quotes)
    {
        if (text.AsSpan().IndexOfAny('\\', '\n', '"') < 0)
        {
            return text;
        }

        var escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }

    private static string Text(object? value) => value switch
    {
        null => "",
        string text => text,
        bool truth => truth ? "true" : "false",
        Array list => JsonSerializer.Serialize(list),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
