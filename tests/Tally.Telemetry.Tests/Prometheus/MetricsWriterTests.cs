using System.Buffers;
using System.Text;
using Tally.Telemetry.Prometheus;

namespace Tally.Telemetry.Tests.Prometheus;

public class MetricsWriterTests
{
    private static readonly Example Seen = new(
        "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 0.7, DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_250));

    [Fact]
    public void A_counter_is_written_with_total_and_its_name_in_OpenMetrics_without()
    {
        var family = Family("calls", FamilyType.Counter, "", new Series("code=\"OK\"", 12));

        Assert.Equal("# HELP calls_total Help.\n# TYPE calls_total counter\ncalls_total{code=\"OK\"} 12\n", Written(family, TextFormat.Classic));
        Assert.Equal("# HELP calls Help.\n# TYPE calls counter\ncalls_total{code=\"OK\"} 12\n", Written(family, TextFormat.OpenMetrics));
    }

    [Fact]
    public void A_gauge_is_written_as_it_is_and_OpenMetrics_names_its_unit()
    {
        var family = Family("size_bytes", FamilyType.Gauge, "bytes", new Series("", -3));

        Assert.Equal("# HELP size_bytes Help.\n# TYPE size_bytes gauge\nsize_bytes -3\n", Written(family, TextFormat.Classic));
        Assert.Equal("# HELP size_bytes Help.\n# TYPE size_bytes gauge\n# UNIT size_bytes bytes\nsize_bytes -3\n", Written(family, TextFormat.OpenMetrics));
    }

    [Fact]
    public void Buckets_of_a_histogram_are_cumulative_and_the_last_one_holds_all()
    {
        var family = Family("wait_seconds", FamilyType.Histogram, "seconds", new Series("k=\"v\"", 0, new Distribution([0.00005, 1, 2.5], [1, 0, 2, 4], 12.5, [])));

        Assert.Equal(
            """
            # HELP wait_seconds Help.
            # TYPE wait_seconds histogram
            wait_seconds_bucket{k="v",le="5e-05"} 1
            wait_seconds_bucket{k="v",le="1"} 1
            wait_seconds_bucket{k="v",le="2.5"} 3
            wait_seconds_bucket{k="v",le="+Inf"} 7
            wait_seconds_sum{k="v"} 12.5
            wait_seconds_count{k="v"} 7

            """,
            Written(family, TextFormat.Classic));
    }

    [Fact]
    public void OpenMetrics_shows_the_example_of_a_bucket_and_writes_bounds_as_floating_point_numbers()
    {
        var family = Family("wait", FamilyType.Histogram, "", new Series("", 0, new Distribution([1], [1, 0], 0.7, [Seen, null])));

        Assert.Equal(
            """
            # HELP wait Help.
            # TYPE wait histogram
            wait_bucket{le="1.0"} 1 # {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"} 0.7 1700000000.250
            wait_bucket{le="+Inf"} 1
            wait_sum 0.7
            wait_count 1

            """,
            Written(family, TextFormat.OpenMetrics));
    }

    [Fact]
    public void The_classic_format_has_no_examples_because_its_readers_would_refuse_them()
    {
        var family = Family("calls", FamilyType.Counter, "", new Series("", 1, Example: Seen));

        Assert.DoesNotContain("trace_id", Written(family, TextFormat.Classic), StringComparison.Ordinal);
        Assert.Contains("calls_total 1 # {trace_id=", Written(family, TextFormat.OpenMetrics), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    [InlineData(0.1, "0.1")]
    [InlineData(1e300, "1e+300")]
    [InlineData(-0.0, "-0")]
    public void Numbers_are_written_as_Go_reads_them(double value, string expected) =>
        Assert.EndsWith($"x {expected}\n", Written(Family("x", FamilyType.Gauge, "", new Series("", value)), TextFormat.Classic), StringComparison.Ordinal);

    [Theory]
    [InlineData(long.MaxValue, "9223372036854775807")]
    [InlineData(long.MinValue, "-9223372036854775808")]
    public void Whole_numbers_keep_all_their_digits(long value, string expected) =>
        Assert.EndsWith($"x {expected}\n", Written(Family("x", FamilyType.Gauge, "", new Series("", value)), TextFormat.Classic), StringComparison.Ordinal);

    [Fact]
    public void Help_is_one_line_whatever_it_holds_and_quotes_are_escaped_in_OpenMetrics_only()
    {
        var family = new Family("x", FamilyType.Gauge, "", "A \"b\"\nc\\d") { Series = { new Series("", 1) } };

        Assert.StartsWith("# HELP x A \"b\"\\nc\\\\d\n", Written(family, TextFormat.Classic), StringComparison.Ordinal);
        Assert.StartsWith("# HELP x A \\\"b\\\"\\nc\\\\d\n", Written(family, TextFormat.OpenMetrics), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_families_there_is_the_target_and_in_OpenMetrics_the_end_mark()
    {
        Assert.Equal(
            "# HELP target_info What is being measured.\n# TYPE target_info gauge\ntarget_info{a=\"b\"} 1\n",
            Written(null, TextFormat.Classic, target: "a=\"b\""));
        Assert.Equal(
            "# HELP target What is being measured.\n# TYPE target info\ntarget_info{a=\"b\"} 1\n# EOF\n",
            Written(null, TextFormat.OpenMetrics, target: "a=\"b\"", end: true));
    }

    private static Family Family(string name, FamilyType type, string unit, Series series) => new(name, type, unit, "Help.") { Series = { series } };

    private static string Written(Family? family, TextFormat format, string? target = null, bool end = false)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new MetricsWriter(buffer, format);
        if (target is not null)
        {
            writer.WriteTarget(target);
        }

        if (family is not null)
        {
            writer.Write(family);
        }

        if (end)
        {
            writer.WriteEnd();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
