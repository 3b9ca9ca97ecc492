using Grpc.Core;
using Tally.Rpc.Wire;

namespace Tally.Grpc.Tests.Wire;

public class BinaryHeaderTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("AQ", "01")]
    [InlineData("AQ==", "01")]
    [InlineData("AQI", "0102")]
    [InlineData("AQI=", "0102")]
    [InlineData("AQID", "010203")]
    [InlineData(" q6ur ", "ABABAB")]
    public void Base64_is_read_with_and_without_padding(string text, string bytes) =>
        Assert.Equal(bytes, Convert.ToHexString(BinaryHeader.Decode(text)!));

    [Theory]
    [InlineData("A")]
    [InlineData("A*==")]
    [InlineData("_-__")]
    public void What_is_not_base64_is_refused(string text) => Assert.Null(BinaryHeader.Decode(text));

    [Fact]
    public void Bytes_travel_without_padding() => Assert.Equal("AQ", BinaryHeader.Encode([1]));

    [Fact]
    public void Binary_values_that_were_joined_on_the_way_are_taken_apart()
    {
        var metadata = new Metadata();
        BinaryHeader.AddTo(metadata, "x-bin", "AQ==,AgM");
        BinaryHeader.AddTo(metadata, "x-text", "a,b");

        Assert.Equal([[1], [2, 3]], metadata.GetAll("x-bin").Select(entry => entry.ValueBytes));
        Assert.Equal("a,b", metadata.GetValue("X-Text"));
    }
}
