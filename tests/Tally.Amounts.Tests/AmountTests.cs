using System.Text;

namespace Tally.Amounts.Tests;

public sealed class AmountTests
{
    [Theory]
    [InlineData("42", "42")]
    [InlineData("0", "0")]
    [InlineData("-0", "0")]
    [InlineData("-0.000000000", "0")]
    [InlineData("007", "7")]
    [InlineData("2.50", "2.5")]
    [InlineData("-3", "-3")]
    [InlineData("0.5", "0.5")]
    [InlineData("-0.000000001", "-0.000000001")]
    [InlineData("999999999999999999.999999999", "999999999999999999.999999999")]
    [InlineData("-999999999999999999.999999999", "-999999999999999999.999999999")]
    public void An_amount_is_given_back_in_its_shortest_form(string text, string shortest)
    {
        Assert.True(Amount.TryParse(text, out var amount));
        Assert.Equal(shortest, amount.ToString());
        Assert.True(Amount.TryParse(Encoding.UTF8.GetBytes(text), out var same));
        Assert.Equal(amount, same);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("1.")]
    [InlineData(".5")]
    [InlineData("+1")]
    [InlineData("--1")]
    [InlineData("1e5")]
    [InlineData("0x10")]
    [InlineData("abc")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1 000")]
    [InlineData("1,5")]
    [InlineData("1.2.3")]
    [InlineData("1\0")]
    [InlineData("\u0661")]
    [InlineData("1.\u0662")]
    [InlineData("1.0000000000")]
    [InlineData("1000000000000000000")]
    [InlineData("0000000000000000001")]
    [InlineData("1234567890123456789012345678901234567890")]
    public void Anything_else_is_refused(string text)
    {
        Assert.False(Amount.TryParse(text, out _));
        Assert.False(Amount.TryParse(Encoding.UTF8.GetBytes(text), out _));
    }

    [Fact]
    public void A_result_with_nineteen_integer_digits_fits_a_total_only()
    {
        Assert.True(Amount.TryParse("999999999999999999", out var most));
        Assert.True(Amount.TryParse("1", out var one));

        Assert.True(most.FitsAmount);
        Assert.False((most + one).FitsAmount);
        Assert.True((most + one).FitsTotal);
        Assert.Equal("1000000000000000000", (most + one).ToString());
    }

    [Fact]
    public void A_total_has_at_most_twenty_six_integer_digits()
    {
        Assert.True(Amount.TryParseTotal(new string('9', 26) + ".999999999", out var most));
        Assert.True(Amount.TryParse("0.000000001", out var least));

        Assert.True(most.FitsTotal);
        Assert.False((most + least).FitsTotal);
    }

    [Fact]
    public void The_totals_of_as_many_shards_as_there_can_be_never_overflow()
    {
        Assert.True(Amount.TryParseTotal(new string('9', 26) + ".999999999", out var most));

        var sum = Amount.Zero;
        for (var shard = 0; shard < 128; shard++)
        {
            sum += most;
        }

        Assert.Equal("12799999999999999999999999999.999999872", sum.ToString());
        Assert.True(Amount.TryParseTotal(sum.ToString(), out var same));
        Assert.Equal(sum, same);
    }

    [Fact]
    public void Formatting_into_too_small_a_place_writes_nothing()
    {
        Assert.True(Amount.TryParse("12.5", out var amount));
        Span<char> tooSmall = stackalloc char[3];
        Span<char> justRight = stackalloc char[4];

        Assert.False(amount.TryFormat(tooSmall, out var none));
        Assert.Equal(0, none);
        Assert.True(amount.TryFormat(justRight, out var four));
        Assert.Equal("12.5", justRight[..four].ToString());
    }
}
