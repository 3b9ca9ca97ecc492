using Microsoft.Net.Http.Headers;

namespace Tally.Telemetry.Prometheus;

/// <summary>The two text formats that Prometheus reads.</summary>
internal enum TextFormat
{
    /// <summary>The Prometheus text format 0.0.4.</summary>
    Classic,

    /// <summary>OpenMetrics 1.0: units, exemplars and an end mark.</summary>
    OpenMetrics,
}

internal static class TextFormats
{
    public const int Count = 2;

    private const string OpenMetricsType = "application/openmetrics-text";

    public static string ContentType(TextFormat format) => format == TextFormat.OpenMetrics
        ? OpenMetricsType + "; version=1.0.0; charset=utf-8"
        : "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>OpenMetrics 1.0 when it is asked for by name and liked at least as much as plain text; else the classic format.</summary>
    public static TextFormat Choose(IEnumerable<string?> accept)
    {
        if (!MediaTypeHeaderValue.TryParseList([.. accept.OfType<string>()], out var wanted))
        {
            return TextFormat.Classic;
        }

        double open = 0, classic = 0;
        foreach (var type in wanted)
        {
            var quality = type.Quality ?? 1;
            if (type.MediaType.Equals(OpenMetricsType, StringComparison.OrdinalIgnoreCase))
            {
                open = Math.Max(open, IsVersionOne(type) ? quality : 0);
            }
            else if (type.MediaType.Equals("text/plain", StringComparison.OrdinalIgnoreCase))
            {
                classic = Math.Max(classic, quality);
            }
        }

        return open > 0 && open >= classic ? TextFormat.OpenMetrics : TextFormat.Classic;
    }

    private static bool IsVersionOne(MediaTypeHeaderValue type)
    {
        var version = type.Parameters.FirstOrDefault(p => p.Name.Equals("version", StringComparison.OrdinalIgnoreCase));
        return version is null || HeaderUtilities.RemoveQuotes(version.Value).StartsWith("1.", StringComparison.Ordinal);
    }
}
