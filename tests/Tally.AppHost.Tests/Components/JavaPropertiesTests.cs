using Tally.AppHost.Components;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Tests.Components;

public sealed class JavaPropertiesTests
{
    [Theory]
    [InlineData("/tmp/a b'c", "/tmp/a b'c")]
    [InlineData("/tmp/ü", @"/tmp/\u00fc")]
    [InlineData(@"C:\data", @"C:\\data")]
    public void A_value_is_written_as_Java_reads_it(string value, string written) => Assert.Equal(written, JavaProperties.Value(value));

    [Fact]
    public void A_comma_would_end_the_folder() =>
        Assert.Contains("'/a,b'", Assert.Throws<SystemProblemException>(() => JavaProperties.OnlyFolder("/a,b")).Message, StringComparison.Ordinal);
}
