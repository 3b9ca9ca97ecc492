using System.Globalization;

namespace Tally;

/// <summary>
/// An exact decimal number with up to 9 fraction digits: what the Calculator adds and Totals sums. It counts billionths in an
/// <see cref="Int128"/>, so sums are exact and don't depend on their order, and it parses and formats without allocating.
/// </summary>
/// <remarks>
/// Two ranges matter. A single amount has up to 18 integer digits (the range of google.type.Money). A shard's total has up to 26, so that
/// the totals of 128 shards always fit into one <see cref="Amount"/>.
/// </remarks>
public readonly partial struct Amount : IEquatable<Amount>, IComparable<Amount>, IUtf8SpanFormattable, ISpanFormattable
{
    /// <summary>What a caller may send, in words, for error messages.</summary>
    public const string Allowed = "an optional '-', 1 to 18 digits, optionally a point and 1 to 9 digits";

    /// <summary>The longest text that formatting gives: a sign, 30 integer digits, a point, 9 fraction digits.</summary>
    public const int MaxLength = 41;

    private const int FractionDigits = 9;
    private const ulong UnitsPerOne = 1_000_000_000;

    private static readonly Int128 OneLimit = PowerOfTen(18 + FractionDigits);
    private static readonly Int128 TotalLimit = PowerOfTen(26 + FractionDigits);

    private readonly Int128 _units;

    private Amount(Int128 units) => _units = units;

    /// <summary>Nothing.</summary>
    public static Amount Zero => default;

    /// <summary>The number of billionths.</summary>
    public Int128 Units => _units;

    /// <summary>Whether it has at most 18 integer digits, so that it may be a result.</summary>
    public bool FitsAmount => _units < OneLimit && _units > -OneLimit;

    /// <summary>Whether it has at most 26 integer digits, so that it may be a shard's total.</summary>
    public bool FitsTotal => _units < TotalLimit && _units > -TotalLimit;

    /// <summary>Makes an amount of so many billionths.</summary>
    /// <param name="units">Billionths, any value.</param>
    public static Amount FromUnits(Int128 units) => new(units);

    /// <summary>About the same as a double, which holds 15 digits: to look at, never to count with.</summary>
    public double ToDouble() => (double)_units / UnitsPerOne;

    /// <summary>The exact sum.</summary>
    /// <exception cref="OverflowException">The sum needs more than 128 bits: never for values that fit a total.</exception>
    public static Amount operator +(Amount left, Amount right) => new(checked(left._units + right._units));

    /// <summary>The exact difference.</summary>
    /// <exception cref="OverflowException">The difference needs more than 128 bits: never for values that fit a total.</exception>
    public static Amount operator -(Amount left, Amount right) => new(checked(left._units - right._units));

    /// <summary>Whether both are the same number.</summary>
    public static bool operator ==(Amount left, Amount right) => left._units == right._units;

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(Amount left, Amount right) => left._units != right._units;

    /// <summary>Whether the left one is smaller.</summary>
    public static bool operator <(Amount left, Amount right) => left._units < right._units;

    /// <summary>Whether the left one is greater.</summary>
    public static bool operator >(Amount left, Amount right) => left._units > right._units;

    /// <summary>Whether the left one is smaller or the same.</summary>
    public static bool operator <=(Amount left, Amount right) => left._units <= right._units;

    /// <summary>Whether the left one is greater or the same.</summary>
    public static bool operator >=(Amount left, Amount right) => left._units >= right._units;

    /// <inheritdoc/>
    public bool Equals(Amount other) => _units == other._units;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Amount other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _units.GetHashCode();

    /// <inheritdoc/>
    public int CompareTo(Amount other) => _units.CompareTo(other._units);

    private static Int128 PowerOfTen(int exponent) => Int128.Parse("1" + new string('0', exponent), CultureInfo.InvariantCulture);
}
