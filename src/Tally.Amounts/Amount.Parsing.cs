using System.Numerics;

namespace Tally;

public readonly partial struct Amount
{
    private const int AmountDigits = 18;
    private const int TotalDigits = 29;

    /// <summary>Reads an amount as a caller may send it: see <see cref="Allowed"/>.</summary>
    /// <param name="text">The text; nothing around the number is accepted.</param>
    /// <param name="amount">The amount, or zero.</param>
    /// <returns>False when the text is anything else.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out Amount amount) => TryParse(text, AmountDigits, out amount);

    /// <summary>Reads an amount from UTF-8: see <see cref="Allowed"/>.</summary>
    /// <param name="utf8">The text; nothing around the number is accepted.</param>
    /// <param name="amount">The amount, or zero.</param>
    /// <returns>False when the text is anything else.</returns>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out Amount amount) => TryParse(utf8, AmountDigits, out amount);

    /// <summary>Reads a total, which may have up to 29 integer digits.</summary>
    /// <param name="text">The text; nothing around the number is accepted.</param>
    /// <param name="total">The total, or zero.</param>
    /// <returns>False when the text is anything else.</returns>
    public static bool TryParseTotal(ReadOnlySpan<char> text, out Amount total) => TryParse(text, TotalDigits, out total);

    /// <summary>Reads a total, which may have up to 29 integer digits, from UTF-8.</summary>
    /// <param name="utf8">The text; nothing around the number is accepted.</param>
    /// <param name="total">The total, or zero.</param>
    /// <returns>False when the text is anything else.</returns>
    public static bool TryParseTotal(ReadOnlySpan<byte> utf8, out Amount total) => TryParse(utf8, TotalDigits, out total);

    private static bool TryParse<TChar>(ReadOnlySpan<TChar> text, int maxIntegerDigits, out Amount amount)
        where TChar : unmanaged, IBinaryInteger<TChar>
    {
        amount = default;
        var negative = text.Length > 0 && text[0] == TChar.CreateTruncating('-');
        var rest = negative ? text[1..] : text;
        var point = rest.IndexOf(TChar.CreateTruncating('.'));
        var integer = point < 0 ? rest : rest[..point];
        var fraction = point < 0 ? [] : rest[(point + 1)..];
        if (integer.Length == 0 || integer.Length > maxIntegerDigits
            || (point >= 0 && fraction.Length == 0) || fraction.Length > FractionDigits
            || !TryReadDigits(integer, out var whole) || !TryReadDigits(fraction, out var part))
        {
            return false;
        }

        for (var missing = FractionDigits - fraction.Length; missing > 0; missing--)
        {
            part *= 10;
        }

        var units = (whole * UnitsPerOne) + part;
        amount = new Amount((Int128)(negative ? UInt128.Zero - units : units));
        return true;
    }

    private static bool TryReadDigits<TChar>(ReadOnlySpan<TChar> digits, out UInt128 value)
        where TChar : unmanaged, IBinaryInteger<TChar>
    {
        // Up to 18 digits fit into 64 bits, which is much cheaper than 128; longer ones (totals only) go in two parts.
        var head = digits.Length <= AmountDigits ? digits : digits[..^AmountDigits];
        var tail = digits[head.Length..];
        value = 0;
        if (!TryReadShort(head, out var high) || !TryReadShort(tail, out var low))
        {
            return false;
        }

        value = tail.Length == 0 ? high : ((UInt128)high * 1_000_000_000_000_000_000) + low;
        return true;

        static bool TryReadShort(ReadOnlySpan<TChar> digits, out ulong value)
        {
            value = 0;
            foreach (var character in digits)
            {
                var digit = uint.CreateTruncating(character) - '0';
                if (digit > 9)
                {
                    return false;
                }

                value = (value * 10) + digit;
            }

            return true;
        }
    }
}
