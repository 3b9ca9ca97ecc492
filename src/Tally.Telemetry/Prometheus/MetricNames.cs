using System.Text;

namespace Tally.Telemetry.Prometheus;

/// <summary>
/// OpenTelemetry's names and units as Prometheus writes them: <c>a.b</c> with unit <c>s</c> becomes <c>a_b_seconds</c>. The rules are OpenTelemetry's
/// "Prometheus and OpenMetrics Compatibility"; two of our own keep <c>promtool check metrics</c> content, see <see cref="Family"/>.
/// </summary>
internal static class MetricNames
{
    private static readonly Dictionary<string, string> Units = Table(
        "d days, h hours, min minutes, s seconds, ms milliseconds, us microseconds, ns nanoseconds, "
        + "By bytes, KiBy kibibytes, MiBy mebibytes, GiBy gibibytes, TiBy tebibytes, KBy kilobytes, kBy kilobytes, MBy megabytes, GBy gigabytes, "
        + "TBy terabytes, m meters, V volts, A amperes, J joules, W watts, g grams, Cel celsius, Hz hertz, % percent, $ dollars, 1 ");

    private static readonly Dictionary<string, string> PerUnits = Table("s second, min minute, m minute, h hour, d day, w week, mo month, y year");

    /// <summary>
    /// The family's name (a counter's without <c>_total</c>) and the unit it ends in.
    /// Ours: what isn't a counter loses a <c>_total</c>, and a gauge's <c>_count</c> becomes a plural (<c>thread.count</c> → <c>threads</c>), because
    /// Prometheus keeps both endings for counters and histograms.
    /// </summary>
    public static (string Name, string Unit) Family(string name, string unit, FamilyType type)
    {
        var family = WithoutEnding(Sanitize(name), "_total");
        if (type == FamilyType.Gauge && family.EndsWith("_count", StringComparison.Ordinal))
        {
            family = Plural(WithoutEnding(family, "_count"));
        }

        var suffix = unit == "1" && type == FamilyType.Gauge ? "ratio" : UnitName(unit);
        if (suffix.Length > 0 && !family.EndsWith("_" + suffix, StringComparison.Ordinal))
        {
            family = $"{family}_{suffix}";
        }

        return (family, suffix);
    }

    /// <summary>A label's name.</summary>
    public static string Label(string key)
    {
        var name = Sanitize(key, keepColons: false);

        // A histogram's own label; a second one of that name would make Prometheus refuse the whole scrape.
        return name == "le" ? "exported_le" : name;
    }

    private static string UnitName(string unit)
    {
        var bare = WithoutAnnotations(unit);
        var slash = bare.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return Named(bare, Units);
        }

        var above = Named(bare[..slash], Units);
        var below = Named(bare[(slash + 1)..], PerUnits);
        return below.Length == 0 ? above : above.Length == 0 ? $"per_{below}" : $"{above}_per_{below}";
    }

    private static Dictionary<string, string> Table(string pairs) =>
        pairs.Split(", ").Select(pair => pair.Split(' ')).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);

    private static string Named(string unit, Dictionary<string, string> names) =>
        names.TryGetValue(unit, out var known) ? known : Sanitize(unit).Trim('_');

    private static string WithoutAnnotations(string unit)
    {
        var bare = unit;
        while (bare.IndexOf('{', StringComparison.Ordinal) is >= 0 and var open && bare.IndexOf('}', open) is > 0 and var close)
        {
            bare = bare.Remove(open, close - open + 1);
        }

        return bare;
    }

    private static string WithoutEnding(string name, string ending) =>
        name.Length > ending.Length && name.EndsWith(ending, StringComparison.Ordinal) ? name[..^ending.Length] : name;

    private static string Plural(string noun) =>
        noun.EndsWith('s') ? noun : noun.EndsWith('y') ? noun[..^1] + "ies" : noun + "s";

    /// <summary>Letters, digits and single underscores, not starting with a digit.</summary>
    private static string Sanitize(string name, bool keepColons = true)
    {
        var clean = new StringBuilder(name.Length + 1);
        foreach (var c in name)
        {
            var allowed = char.IsAsciiLetterOrDigit(c) || (c == ':' && keepColons);
            if (clean.Length == 0 && char.IsAsciiDigit(c))
            {
                clean.Append('_');
            }

            if (allowed)
            {
                clean.Append(c);
            }
            else if (clean.Length == 0 || clean[^1] != '_')
            {
                clean.Append('_');
            }
        }

        return clean.ToString();
    }
}
