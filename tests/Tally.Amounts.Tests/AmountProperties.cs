using System.Numerics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Tally.Amounts.Tests;

/// <summary>Amounts against <see cref="BigInteger"/>, which has no limits and another implementation.</summary>
public sealed class AmountProperties
{
    private static readonly BigInteger Billion = 1_000_000_000;

    private static readonly Arbitrary<BigInteger> Units = Gen.Choose(0, 36)
        .SelectMany(digits => Gen.Choose(0, 9).ArrayOf(digits + 1).Zip(Gen.Elements(-1, 1)))
        .Select(pair => BigInteger.Parse(string.Concat(pair.Item1)) * pair.Item2 % BigInteger.Pow(10, 36))
        .ToArbitrary();

    [Fact]
    public void Text_and_back_is_the_same_number() => Prop.ForAll(Units, units =>
    {
        var text = Shortest(units);
        return Amount.TryParseTotal(text, out var amount)
            && (BigInteger)amount.Units == units
            && amount.ToString() == text
            && Amount.TryParseTotal(Encoding.UTF8.GetBytes(text), out var same) && same == amount;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_sum_is_exact() => Prop.ForAll(Units, Units, (left, right) =>
        (BigInteger)(From(left) + From(right)).Units == left + right
        && (BigInteger)(From(left) - From(right)).Units == left - right).QuickCheckThrowOnFailure();

    [Fact]
    public void The_limits_are_where_the_digits_end() => Prop.ForAll(Units, units =>
        From(units).FitsAmount == (BigInteger.Abs(units) < BigInteger.Pow(10, 27))
        && From(units).FitsTotal == (BigInteger.Abs(units) < BigInteger.Pow(10, 35))).QuickCheckThrowOnFailure();

    private static Amount From(BigInteger units) => Amount.FromUnits((Int128)units);

    private static string Shortest(BigInteger units)
    {
        var (whole, fraction) = (BigInteger.Abs(units) / Billion, BigInteger.Abs(units) % Billion);
        var digits = ((int)fraction).ToString("D9").TrimEnd('0');
        return (units < 0 ? "-" : "") + whole + (digits.Length > 0 ? "." + digits : "");
    }
}
