using Tally.Telemetry.Prometheus;

namespace Tally.Telemetry.Tests.Prometheus;

public class LabelsTests
{
    [Fact]
    public void Labels_are_sorted_so_that_the_order_of_attributes_makes_no_second_series() =>
        Assert.Equal("a=\"1\",b=\"2\"", Written(("b", 2), ("a", 1)));

    [Fact]
    public void Quotes_backslashes_and_line_feeds_are_escaped_and_nothing_else() =>
        Assert.Equal("a=\"x\\\"y\\\\z\\n€\t\"", Written(("a", "x\"y\\z\n€\t")));

    [Fact]
    public void Names_that_become_the_same_share_their_values() => Assert.Equal("a_b=\"1;2\"", Written(("a.b", "1"), ("a_b", "2")));

    [Fact]
    public void Values_are_written_as_OpenTelemetry_says()
    {
        Assert.Equal("a=\"true\"", Written(("a", true)));
        Assert.Equal("a=\"0.5\"", Written(("a", 0.5)));
        Assert.Equal("a=\"\"", Written(("a", null)));
        Assert.Equal("a=\"[1,2]\"", Written(("a", Enumerable.Range(1, 2).ToArray())));
    }

    private static string Written(params (string Key, object? Value)[] attributes) =>
        Labels.Write(attributes.Select(attribute => KeyValuePair.Create(attribute.Key, attribute.Value)));
}
