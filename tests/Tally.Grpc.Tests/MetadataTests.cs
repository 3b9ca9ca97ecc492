using Grpc.Core;

namespace Tally.Grpc.Tests;

public class MetadataTests
{
    [Fact]
    public void Names_are_kept_in_lower_case_and_found_in_any() =>
        Assert.Equal("1", new Metadata { { "X-Number", "1" } }.GetValue("x-NUMBER"));

    [Fact]
    public void The_last_of_several_entries_counts()
    {
        var metadata = new Metadata { { "a", "1" }, { "b", "2" }, { "a", "3" } };

        Assert.Equal("3", metadata.GetValue("a"));
        Assert.Equal(["1", "3"], metadata.GetAll("a").Select(entry => entry.Value));
        Assert.Null(metadata.Get("c"));
    }

    [Fact]
    public void Binary_entries_keep_their_bytes_and_copies_of_them()
    {
        byte[] bytes = [0, 255];
        var metadata = new Metadata { { "x-bin", bytes } };
        bytes[0] = 9;
        metadata.GetValueBytes("x-bin")![1] = 9;

        Assert.Equal([0, 255], metadata.GetValueBytes("x-bin"));
        Assert.Throws<InvalidOperationException>(() => metadata[0].Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("with space")]
    [InlineData("ünicode")]
    [InlineData(":path")]
    public void Names_that_can_not_travel_are_refused(string name) => Assert.Throws<ArgumentException>(() => new Metadata.Entry(name, "value"));

    [Fact]
    public void A_name_says_whether_its_value_is_binary()
    {
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("x-bin", "text"));
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("x", [1]));
    }

    [Fact]
    public void The_empty_metadata_stays_empty() => Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add("a", "b"));
}
