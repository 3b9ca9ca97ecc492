using System.Numerics;

namespace Tally;

public readonly partial struct Amount
{
    /// <summary>The shortest form: <c>42</c>, <c>0.5</c>, <c>-3</c>.</summary>
    public override string ToString()
    {
        Span<char> buffer = stackalloc char[MaxLength];
        return new string(buffer[..Format(buffer)]);
    }

    /// <summary>Writes the shortest form.</summary>
    /// <param name="destination">Where to; <see cref="MaxLength"/> characters are always enough.</param>
    /// <param name="charsWritten">How many characters were written.</param>
    /// <returns>False when the destination is too small.</returns>
    public bool TryFormat(Span<char> destination, out int charsWritten) => TryFormatTo(destination, out charsWritten);

    /// <summary>Writes the shortest form as UTF-8.</summary>
    /// <param name="utf8Destination">Where to; <see cref="MaxLength"/> bytes are always enough.</param>
    /// <param name="bytesWritten">How many bytes were written.</param>
    /// <returns>False when the destination is too small.</returns>
    public bool TryFormat(Span<byte> utf8Destination, out int bytesWritten) => TryFormatTo(utf8Destination, out bytesWritten);

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        TryFormat(destination, out charsWritten);

    bool IUtf8SpanFormattable.TryFormat(Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        TryFormat(utf8Destination, out bytesWritten);

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    private bool TryFormatTo<TChar>(Span<TChar> destination, out int written)
        where TChar : unmanaged, IBinaryInteger<TChar>
    {
        if (destination.Length >= MaxLength)
        {
            written = Format(destination);
            return true;
        }

        Span<TChar> buffer = stackalloc TChar[MaxLength];
        written = Format(buffer);
        if (buffer[..written].TryCopyTo(destination))
        {
            return true;
        }

        written = 0;
        return false;
    }

    /// <summary>Writes from the last digit to the first, then moves the text to the front.</summary>
    private int Format<TChar>(Span<TChar> buffer)
        where TChar : unmanaged, IBinaryInteger<TChar>
    {
        var negative = _units < 0;
        var units = negative ? UInt128.Zero - (UInt128)_units : (UInt128)_units;

        // Most amounts fit into 64 bits, where dividing is ten times cheaper.
        var (whole, fraction) = units <= ulong.MaxValue
            ? ((UInt128)((ulong)units / UnitsPerOne), (uint)((ulong)units % UnitsPerOne))
            : (units / UnitsPerOne, (uint)(units % UnitsPerOne));

        var at = buffer.Length;
        if (fraction != 0)
        {
            var digits = FractionDigits;
            for (; fraction % 10 == 0; fraction /= 10)
            {
                digits--;
            }

            for (; digits > 0; digits--, fraction /= 10)
            {
                buffer[--at] = Digit(fraction % 10);
            }

            buffer[--at] = TChar.CreateTruncating('.');
        }

        for (; whole > ulong.MaxValue; whole /= 10)
        {
            buffer[--at] = Digit((uint)(whole % 10));
        }

        var rest = (ulong)whole;
        do
        {
            buffer[--at] = Digit((uint)(rest % 10));
            rest /= 10;
        }
        while (rest != 0);

        if (negative)
        {
            buffer[--at] = TChar.CreateTruncating('-');
        }

        buffer[at..].CopyTo(buffer);
        return buffer.Length - at;

        static TChar Digit(uint digit) => TChar.CreateTruncating('0' + digit);
    }
}
