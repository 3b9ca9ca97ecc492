using Tally.AppHost.Components;

namespace Tally.AppHost.Tests.Components;

public sealed class ReadyzAnswerTests
{
    [Theory]
    [InlineData("""{"status":"not ready","checks":[{"name":"outbox","healthy":false,"reason":"no shard"},{"name":"x","healthy":true,"reason":"ok"}]}""", "outbox: no shard")]
    [InlineData("""{"checks":[{"name":"a","healthy":false,"reason":"b"},{"name":"c","healthy":false,"reason":"d"}]}""", "a: b; c: d")]
    [InlineData(" starting\n", "starting")]
    [InlineData("{\"checks\":\"none\"}", "{\"checks\":\"none\"}")]
    [InlineData("[1]", "[1]")]
    [InlineData("", "")]
    public void Reasons_are_words(string answered, string expected) => Assert.Equal(expected, ReadyzAnswer.ReasonOf(answered));

    [Theory]
    [InlineData("""{"status":"ready","checks":[{"name":"outbox","healthy":true,"reason":"ready; unsafe: fsync is off"}]}""", "unsafe: fsync is off")]
    [InlineData("""{"status":"ready","checks":[{"name":"outbox","healthy":true,"reason":"ready"}]}""", null)]
    [InlineData("ready", null)]
    public void What_is_unsafe_is_found_in_what_is_ready(string answered, string? expected) => Assert.Equal(expected, ReadyzAnswer.UnsafeOf(answered));
}
