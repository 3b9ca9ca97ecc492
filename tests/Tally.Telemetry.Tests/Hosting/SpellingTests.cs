using Tally.Telemetry.Hosting;

namespace Tally.Telemetry.Tests.Hosting;

public class SpellingTests
{
    [Theory]
    [InlineData("Shards", "shards", 0)]
    [InlineData("Shard", "Shards", 1)]
    [InlineData("Shrads", "Shards", 1)]
    [InlineData("Sherds", "Shards", 1)]
    [InlineData("", "abc", 3)]
    [InlineData("Queue", "Lease", 4)]
    public void Distance_counts_the_slips_of_a_hand(string from, string to, int expected)
    {
        Assert.Equal(expected, Spelling.Distance(from, to));
        Assert.Equal(expected, Spelling.Distance(to, from));
    }
}
