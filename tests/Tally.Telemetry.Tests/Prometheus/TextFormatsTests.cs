using Tally.Telemetry.Prometheus;

namespace Tally.Telemetry.Tests.Prometheus;

public class TextFormatsTests
{
    [Theory]
    [InlineData("")]
    [InlineData("*/*")]
    [InlineData("text/plain")]
    [InlineData("text/html,application/xml;q=0.9,*/*;q=0.8")]
    [InlineData("application/openmetrics-text;version=0.0.1")]
    [InlineData("application/openmetrics-text;q=0")]
    [InlineData("application/openmetrics-text;q=0.3,text/plain;q=0.5")]
    [InlineData("not a ; media,, type")]
    public void The_classic_format_is_the_default(string accept) => Assert.Equal(TextFormat.Classic, TextFormats.Choose([accept]));

    [Theory]
    [InlineData("application/openmetrics-text")]
    [InlineData("application/openmetrics-text; version=1.0.0; charset=utf-8")]
    [InlineData("application/openmetrics-text;version=\"1.0.0\"")]
    [InlineData("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1")]
    [InlineData("application/vnd.google.protobuf;proto=x;q=0.8,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;q=0.4")]
    public void OpenMetrics_is_for_those_who_ask_for_it(string accept) => Assert.Equal(TextFormat.OpenMetrics, TextFormats.Choose([accept]));

    [Fact]
    public void Several_headers_count_as_one() => Assert.Equal(TextFormat.OpenMetrics, TextFormats.Choose(["text/plain;q=0.5", "application/openmetrics-text"]));
}
