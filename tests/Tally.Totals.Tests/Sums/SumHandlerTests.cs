using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Tally.Inbox;
using Tally.Totals.Serving;
using Tally.Totals.Sums;

namespace Tally.Totals.Tests.Sums;

public sealed class SumHandlerTests
{
    private readonly SumHandler _handler = new(
        new TotalsView(TimeProvider.System), new History(Options.Create(new TotalsOptions()), Options.Create(new InboxOptions()), NullLogger<History>.Instance));

    [Theory]
    [InlineData("0", "42.5", "42.5")]
    [InlineData("42.5", "-42.5", "0")]
    [InlineData("99999999999999999999999999999", "999999999999999999.999999999", "100000000000999999999999999998.999999999")]
    public void A_sum_that_leads_to_its_total_fits(string before, string value, string total)
    {
        var state = Parse(before);

        var fault = _handler.Fold(ref state, new Sum(Parse(value), Parse(before) + Parse(value), 0));

        Assert.Null(fault);
        Assert.Equal(total, state.ToString());
    }

    [Fact]
    public void A_sum_that_leads_elsewhere_is_refused_and_changes_nothing()
    {
        var state = Parse("1");

        var fault = _handler.Fold(ref state, new Sum(Parse("2"), Parse("4"), 0));

        Assert.Contains("make 3, but the event says 4", fault, StringComparison.Ordinal);
        Assert.Equal("1", state.ToString());
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-12345678901234567890123456789.123456789")]
    public void A_stored_total_is_read_back(string total)
    {
        var stored = _handler.Save(Parse(total));

        Assert.Equal(total, Encoding.UTF8.GetString(stored));
        Assert.Equal(Parse(total), _handler.Load(stored));
    }

    [Fact]
    public void A_stored_total_that_is_none_is_refused() => Assert.Throws<InvalidDataException>(() => _handler.Load("x"u8));

    [Theory]
    [InlineData("0")]
    [InlineData("-0.000000001")]
    [InlineData("999999999999999999.999999999")]
    [InlineData("-999999999999999999.999999999")]
    [InlineData("40.25")]
    public void The_history_holds_the_exact_amount(string amount) =>
        Assert.Equal(decimal.Parse(amount), HistoryRows.ToDecimal(Parse(amount)));

    private static Amount Parse(string text) => Amount.TryParseTotal(text, out var amount) ? amount : throw new FormatException(text);
}
