using System.Buffers;
using Grpc.Core;
using Tally.Rpc.Wire;

namespace Tally.Rpc.Client;

/// <summary>A message with its header in one array of its own. (It isn't pooled: the handler may still read it after the answer has come.)</summary>
internal sealed class MessageBytes : IBufferWriter<byte>
{
    private byte[] _array = [];
    private int _written;

    public static ReadOnlyMemory<byte> Of<T>(T message, Marshaller<T> marshaller, int? limit)
    {
        var bytes = new MessageBytes();
        MessageWriter.Write(bytes, message, marshaller, limit);
        return bytes._array.AsMemory(0, bytes._written);
    }

    // The writer asks once, for the room of the whole message.
    void IBufferWriter<byte>.Advance(int count) => _written = count;

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint) => _array = new byte[sizeHint];

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint) => _array = new byte[sizeHint];
}
