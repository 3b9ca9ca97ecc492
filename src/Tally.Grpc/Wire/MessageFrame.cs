using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;

namespace Tally.Rpc.Wire;

/// <summary>A message as it travels: a byte that says whether it is compressed, its length in four bytes, and its payload.</summary>
internal readonly struct MessageFrame
{
    public const int HeaderSize = 5;

    private MessageFrame(bool isCompressed, ReadOnlySequence<byte> payload)
    {
        IsCompressed = isCompressed;
        Payload = payload;
    }

    public bool IsCompressed { get; }

    public ReadOnlySequence<byte> Payload { get; }

    /// <summary>Takes a whole message off the front of the buffer. False when more bytes are needed.</summary>
    /// <exception cref="RpcException">The bytes can't be a message, or the message is larger than the limit. Nothing more can be read.</exception>
    public static bool TryTake(ref ReadOnlySequence<byte> buffer, int? limit, out MessageFrame frame)
    {
        frame = default;
        if (buffer.Length < HeaderSize)
        {
            return false;
        }

        var (flag, length) = ReadHeader(buffer);
        if (flag > 1)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"A message starts with the byte {flag}; only 0 and 1 are known."));
        }

        if (length > (limit ?? int.MaxValue))
        {
            throw new RpcException(new Status(
                StatusCode.ResourceExhausted, $"A message of {length} bytes was received; at most {limit ?? int.MaxValue} are allowed (MaxReceiveMessageSize)."));
        }

        if (buffer.Length - HeaderSize < length)
        {
            return false;
        }

        frame = new MessageFrame(flag == 1, buffer.Slice(HeaderSize, length));
        buffer = buffer.Slice(frame.Payload.End);
        return true;
    }

    private static (byte Flag, uint Length) ReadHeader(in ReadOnlySequence<byte> buffer)
    {
        var first = buffer.FirstSpan;
        if (first.Length >= HeaderSize)
        {
            return (first[0], BinaryPrimitives.ReadUInt32BigEndian(first[1..]));
        }

        Span<byte> copy = stackalloc byte[HeaderSize];
        buffer.Slice(0, HeaderSize).CopyTo(copy);
        return (copy[0], BinaryPrimitives.ReadUInt32BigEndian(copy[1..]));
    }

    /// <summary>Writes the header of a message that is not compressed.</summary>
    public static void WriteHeader(Span<byte> destination, int payloadLength)
    {
        destination[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(destination[1..], (uint)payloadLength);
    }
}
