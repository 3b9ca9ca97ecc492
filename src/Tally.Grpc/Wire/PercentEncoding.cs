using System.Buffers;
using System.Text;

namespace Tally.Rpc.Wire;

/// <summary>The form of <c>grpc-message</c>: UTF-8 in which all but printable ASCII, and <c>%</c> itself, stands as <c>%XX</c>.</summary>
internal static class PercentEncoding
{
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        [.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code).Where(character => character != '%')]);

    public static string Encode(string text)
    {
        var plain = text.AsSpan().IndexOfAnyExcept(Plain);
        return plain < 0 ? text : Escape(text, plain);

        static string Escape(string text, int plain)
        {
            var encoded = new StringBuilder(text, 0, plain, text.Length * 2);
            foreach (var value in Encoding.UTF8.GetBytes(text[plain..]))
            {
                if (Plain.Contains((char)value))
                {
                    encoded.Append((char)value);
                }
                else
                {
                    encoded.Append('%').Append(value.ToString("X2"));
                }
            }

            return encoded.ToString();
        }
    }

    /// <summary>What is not an escape is kept as it is: a message that was encoded wrongly is still better than none.</summary>
    public static string Decode(string text)
    {
        if (!text.Contains('%'))
        {
            return text;
        }

        var source = Encoding.UTF8.GetBytes(text);
        var decoded = new byte[source.Length];
        var length = 0;
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] == '%' && i + 2 < source.Length && char.IsAsciiHexDigit((char)source[i + 1]) && char.IsAsciiHexDigit((char)source[i + 2]))
            {
                decoded[length++] = Convert.FromHexString([(char)source[i + 1], (char)source[i + 2]])[0];
                i += 2;
            }
            else
            {
                decoded[length++] = source[i];
            }
        }

        return Encoding.UTF8.GetString(decoded, 0, length);
    }
}
