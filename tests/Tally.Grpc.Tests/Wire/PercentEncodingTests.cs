using Tally.Rpc.Wire;

namespace Tally.Grpc.Tests.Wire;

public class PercentEncodingTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("plain text, with 'signs'", "plain text, with 'signs'")]
    [InlineData("100%", "100%25")]
    [InlineData("\t\r\n", "%09%0D%0A")]
    [InlineData("nicht möglich", "nicht m%C3%B6glich")]
    [InlineData("☺ and 😀", "%E2%98%BA and %F0%9F%98%80")]
    [InlineData("\u007f", "%7F")]
    public void A_message_travels_as_printable_ascii_and_back(string message, string onTheWire)
    {
        Assert.Equal(onTheWire, PercentEncoding.Encode(message));
        Assert.Equal(message, PercentEncoding.Decode(onTheWire));
    }

    [Theory]
    [InlineData("50%", "50%")]
    [InlineData("%", "%")]
    [InlineData("%4", "%4")]
    [InlineData("%zz%41", "%zzA")]
    [InlineData("%e2%98%ba", "☺")]
    [InlineData("%FF", "\uFFFD")]
    public void What_is_encoded_wrongly_is_kept_as_well_as_it_can_be(string onTheWire, string message) =>
        Assert.Equal(message, PercentEncoding.Decode(onTheWire));

    [Fact]
    public void Half_a_surrogate_pair_does_no_harm() => Assert.Equal("%EF%BF%BD!", PercentEncoding.Encode("\ud83d!"));
}
