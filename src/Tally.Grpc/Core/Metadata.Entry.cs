using System.Buffers;
using System.Text;

namespace Grpc.Core;

public sealed partial class Metadata
{
    /// <summary>One header or trailer.</summary>
    public sealed class Entry
    {
        private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-.");

        private readonly string? _text;
        private readonly byte[]? _bytes;

        /// <summary>A text: printable ASCII travels unchanged.</summary>
        /// <exception cref="ArgumentException">The name has other characters than letters, digits, <c>_</c>, <c>-</c> and <c>.</c>, or ends with <c>-bin</c>.</exception>
        public Entry(string key, string value)
        {
            Key = Normalize(key);
            _text = value ?? throw new ArgumentNullException(nameof(value));
            if (IsBinary)
            {
                throw new ArgumentException($"The name '{Key}' ends with {BinaryHeaderSuffix}, so its value must be bytes.", nameof(key));
            }
        }

        /// <summary>Bytes; the name must end with <c>-bin</c>.</summary>
        /// <exception cref="ArgumentException">The name has other characters than letters, digits, <c>_</c>, <c>-</c> and <c>.</c>, or does not end with <c>-bin</c>.</exception>
        public Entry(string key, byte[] valueBytes)
        {
            ArgumentNullException.ThrowIfNull(valueBytes);
            Key = Normalize(key);
            _bytes = valueBytes.AsSpan().ToArray();
            if (!IsBinary)
            {
                throw new ArgumentException($"The name '{Key}' doesn't end with {BinaryHeaderSuffix}, so its value must be a text.", nameof(key));
            }
        }

        /// <summary>The name in lower case.</summary>
        public string Key { get; }

        /// <summary>The text.</summary>
        /// <exception cref="InvalidOperationException">The entry is binary.</exception>
        public string Value => _text ?? throw new InvalidOperationException($"'{Key}' is binary: read its bytes.");

        /// <summary>The bytes, or the text as ASCII.</summary>
        public byte[] ValueBytes => _bytes is null ? Encoding.ASCII.GetBytes(_text!) : _bytes.AsSpan().ToArray();

        /// <summary>Whether the value is bytes.</summary>
        public bool IsBinary => Key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);

        internal ReadOnlySpan<byte> Bytes => _bytes;

        /// <inheritdoc/>
        public override string ToString() =>
            IsBinary ? $"[Entry: key={Key}, valueBytes={Convert.ToHexString(_bytes!)}]" : $"[Entry: key={Key}, value={_text}]";

        internal static bool IsName(string key) => key.Length > 0 && !key.AsSpan().ContainsAnyExcept(NameCharacters);

        private static string Normalize(string key)
        {
            ArgumentNullException.ThrowIfNull(key);
            var lower = key.ToLowerInvariant();
            return IsName(lower)
                ? lower
                : throw new ArgumentException($"'{key}' can't be a metadata name: letters, digits, '_', '-' and '.' are allowed.", nameof(key));
        }
    }
}
