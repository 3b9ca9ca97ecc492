using Tally.Outbox.Relaying;

namespace Tally.Outbox.Tests.Relaying;

public sealed class TopicNameTests
{
    [Theory]
    [InlineData("sums")]
    [InlineData("a.b_c-D9")]
    [InlineData("...")]
    public void Names_that_Kafka_takes_are_allowed(string topic) => Assert.True(TopicName.IsAllowed(topic));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("orders/eu")]
    [InlineData("two words")]
    [InlineData("größe")]
    public void Others_are_not(string? topic) => Assert.False(TopicName.IsAllowed(topic));

    [Fact]
    public void The_longest_name_has_249_characters()
    {
        Assert.True(TopicName.IsAllowed(new string('a', 249)));
        Assert.False(TopicName.IsAllowed(new string('a', 250)));
    }
}
