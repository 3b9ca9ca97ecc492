using System.Security.Cryptography;
using System.Text;

namespace Tally.Outbox;

/// <summary>
/// Makes an append repeatable: the first one with a key is stored, and every other one, on whichever instance and also at the same instant, gets
/// the first one's position. Remembered for at least <see cref="OutboxOptions.KeyRetention"/>; an append that failed is not remembered.
/// </summary>
public sealed class IdempotencyKey
{
    /// <summary>How many bytes of UTF-8 a key may have.</summary>
    public const int MaxBytes = 128;

    private const int LongestPlainFingerprint = 32;
    private const int UuidLength = 36;
    private const int UuidBytes = 16;
    private const byte UuidMark = 0xff;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Makes one.</summary>
    /// <param name="value">
    /// The key: any text of 1 to 128 bytes of UTF-8, compared byte by byte. Best a UUID of version 7, which is in the order of time and so costs the
    /// database least: <c>Guid.CreateVersion7().ToString()</c>.
    /// </param>
    /// <param name="fingerprint">
    /// What was asked, as bytes that are the same for the same request: a repetition with another one is refused with
    /// <see cref="OutboxFault.KeyReused"/>. Up to 32 bytes are kept as they are; of more, their SHA-256.
    /// </param>
    /// <exception cref="ArgumentException">The key is empty, too long, or no valid Unicode.</exception>
    public IdempotencyKey(string value, ReadOnlySpan<byte> fingerprint)
    {
        ArgumentException.ThrowIfNullOrEmpty(value);
        if (Strict.GetByteCount(value) is var length and > MaxBytes)
        {
            throw new ArgumentException($"The key has {length} bytes of UTF-8; allowed: 1 to {MaxBytes}.", nameof(value));
        }

        Value = value;
        Bytes = Shorten(value) ?? Strict.GetBytes(value);
        Fingerprint = fingerprint.Length <= LongestPlainFingerprint ? fingerprint.ToArray() : SHA256.HashData(fingerprint);
    }

    /// <summary>The key.</summary>
    public string Value { get; }

    /// <summary>
    /// What is stored and compared. A UUID in its usual form, lower case with hyphens, is stored as a byte that no UTF-8 has and its 16 bytes, in their order;
    /// everything else as UTF-8. It halves the index of keys, and with it what a key costs.
    /// </summary>
    internal byte[] Bytes { get; }

    internal byte[] Fingerprint { get; }

    /// <summary>Whether what was asked is what is stored under the key.</summary>
    internal bool AskedFor(ReadOnlySpan<byte> stored) => Fingerprint.AsSpan().SequenceEqual(stored);

    /// <inheritdoc/>
    public override string ToString() => Value;

    private static byte[]? Shorten(string value)
    {
        if (value.Length != UuidLength || !Guid.TryParseExact(value, "D", out var uuid))
        {
            return null;
        }

        // Parsing takes capitals as well, but keys are compared as they are written.
        Span<char> usual = stackalloc char[UuidLength];
        uuid.TryFormat(usual, out _, "D");
        if (!usual.SequenceEqual(value))
        {
            return null;
        }

        var bytes = new byte[1 + UuidBytes];
        bytes[0] = UuidMark;
        uuid.TryWriteBytes(bytes.AsSpan(1), bigEndian: true, out _);
        return bytes;
    }
}
