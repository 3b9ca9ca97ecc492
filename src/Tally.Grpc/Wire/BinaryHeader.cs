using Grpc.Core;

namespace Tally.Rpc.Wire;

/// <summary>The form of headers that end in <c>-bin</c>: Base64, sent without padding, read with or without.</summary>
internal static class BinaryHeader
{
    public static string Encode(ReadOnlySpan<byte> value) => Convert.ToBase64String(value).TrimEnd('=');

    /// <summary>Null when this is not Base64.</summary>
    public static byte[]? Decode(ReadOnlySpan<char> text)
    {
        var bare = text.Trim().TrimEnd('=');
        Span<char> padded = new char[(bare.Length + 3) / 4 * 4];
        padded.Fill('=');
        bare.CopyTo(padded);
        var value = new byte[padded.Length / 4 * 3];
        return Convert.TryFromBase64Chars(padded, value, out var length) ? value[..length] : null;
    }

    /// <summary>Adds a header as it came. Values of one binary name may have been joined by commas on the way.</summary>
    /// <exception cref="RpcException">A binary header is not Base64.</exception>
    public static void AddTo(Metadata metadata, string name, string value)
    {
        if (!Metadata.Entry.IsName(name))
        {
            return; // HTTP allows more names than gRPC does.
        }

        if (!name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase))
        {
            metadata.Add(name, value);
            return;
        }

        foreach (var part in value.AsSpan().Split(','))
        {
            metadata.Add(
                name,
                Decode(value.AsSpan()[part]) ?? throw new RpcException(new Status(StatusCode.Internal, $"The header {name} is not Base64.")));
        }
    }

    /// <summary>An entry's value as it travels.</summary>
    public static string ValueOf(Metadata.Entry entry) => entry.IsBinary ? Encode(entry.Bytes) : entry.Value;
}
