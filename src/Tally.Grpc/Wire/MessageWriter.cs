using System.Buffers;
using Grpc.Core;

namespace Tally.Rpc.Wire;

/// <summary>
/// Lets a serializer write a message into an output, right behind its header. Nothing is added to the output unless the whole message is
/// there, so a serializer that throws leaves no half message behind. One a thread: serializers don't wait.
/// </summary>
internal sealed class MessageWriter : SerializationContext, IBufferWriter<byte>
{
    [ThreadStatic]
    private static MessageWriter? _idle;

    private IBufferWriter<byte> _output = null!;
    private int? _limit;

    // Either the room in the output for a message whose length was told, or a buffer that grows.
    private Memory<byte> _room;
    private int _length;
    private ArrayBufferWriter<byte>? _grown;
    private int _written;
    private bool _completed;

    public static void Write<T>(IBufferWriter<byte> output, T message, Marshaller<T> marshaller, int? limit)
    {
        var writer = _idle ?? new MessageWriter();
        _idle = null; // A serializer that writes another message gets a writer of its own.
        writer._output = output;
        writer._limit = limit;
        try
        {
            marshaller.ContextualSerializer(message, writer);
            if (!writer._completed)
            {
                throw new InvalidOperationException("The serializer returned without completing the message.");
            }
        }
        finally
        {
            writer.Clear();
            _idle = writer;
        }
    }

    public override void SetPayloadLength(int payloadLength)
    {
        ThrowIfTooLarge(payloadLength);
        _length = payloadLength;
        _room = _output.GetMemory(MessageFrame.HeaderSize + payloadLength);
    }

    public override IBufferWriter<byte> GetBufferWriter()
    {
        if (_room.IsEmpty)
        {
            _grown ??= new ArrayBufferWriter<byte>();
        }

        return this;
    }

    public override void Complete()
    {
        if (_grown is not null)
        {
            Put(_grown.WrittenSpan);
            return;
        }

        if (_written != _length)
        {
            throw new InvalidOperationException($"The serializer wrote {_written} bytes after it had said {_length}.");
        }

        MessageFrame.WriteHeader(_room.Span, _length);
        _output.Advance(MessageFrame.HeaderSize + _length);
        _completed = true;
    }

    public override void Complete(byte[] payload) => Put(payload);

    void IBufferWriter<byte>.Advance(int count)
    {
        _grown?.Advance(count);
        _written += count;
    }

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint) => _grown?.GetMemory(sizeHint) ?? _room[(MessageFrame.HeaderSize + _written)..];

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint) =>
        _grown is null ? _room.Span[(MessageFrame.HeaderSize + _written)..] : _grown.GetSpan(sizeHint);

    private void Put(ReadOnlySpan<byte> payload)
    {
        ThrowIfTooLarge(payload.Length);
        var room = _output.GetSpan(MessageFrame.HeaderSize + payload.Length);
        MessageFrame.WriteHeader(room, payload.Length);
        payload.CopyTo(room[MessageFrame.HeaderSize..]);
        _output.Advance(MessageFrame.HeaderSize + payload.Length);
        _completed = true;
    }

    private void ThrowIfTooLarge(int length)
    {
        if (length > _limit)
        {
            throw new RpcException(new Status(
                StatusCode.ResourceExhausted, $"A message of {length} bytes was to be sent; at most {_limit} are allowed (MaxSendMessageSize)."));
        }
    }

    private void Clear()
    {
        _output = null!;
        _room = default;
        _grown = null;
        _length = _written = 0;
        _completed = false;
    }
}
