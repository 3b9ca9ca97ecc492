namespace Tally.Telemetry.Prometheus;

/// <summary>What a family of series is, in Prometheus's words.</summary>
internal enum FamilyType
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>All series of one name.</summary>
/// <param name="Name">The name without the <c>_total</c> of a counter.</param>
/// <param name="Type">What it is.</param>
/// <param name="Unit">The unit that the name ends in, or nothing.</param>
/// <param name="Help">One sentence for people.</param>
internal sealed record Family(string Name, FamilyType Type, string Unit, string Help)
{
    /// <summary>The series, each with its own labels.</summary>
    public List<Series> Series { get; } = [];
}

/// <summary>One series: labels as they are written (<c>a="b",c="d"</c>) and a number or a distribution.</summary>
internal sealed record Series(string Labels, Number Value, Distribution? Distribution = null, Example? Example = null);

/// <summary>The numbers of a histogram series. There is one count more than bounds: the last one has no upper bound.</summary>
/// <param name="Bounds">Upper bounds, ascending, without infinity.</param>
/// <param name="Counts">How many values lie in each bucket alone.</param>
/// <param name="Sum">The sum of all values.</param>
/// <param name="Examples">For each bucket an example, or nothing; empty when there are none at all.</param>
internal sealed record Distribution(double[] Bounds, long[] Counts, double Sum, Example?[] Examples);

/// <summary>A measurement that was made inside a trace (OpenMetrics calls it an exemplar).</summary>
internal sealed record Example(string TraceId, string SpanId, Number Value, DateTimeOffset Timestamp);

/// <summary>A whole number or a floating-point one; whole numbers are written with all their digits.</summary>
internal readonly record struct Number(long Whole, double Fraction, bool IsWhole)
{
    public static implicit operator Number(long value) => new(value, 0, true);

    public static implicit operator Number(double value) => new(0, value, false);
}
