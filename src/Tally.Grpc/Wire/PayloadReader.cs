using System.Buffers;
using Grpc.Core;

namespace Tally.Rpc.Wire;

/// <summary>Shows a payload to a deserializer where it lies. One a thread: deserializers don't wait.</summary>
internal sealed class PayloadReader : DeserializationContext
{
    [ThreadStatic]
    private static PayloadReader? _idle;

    private ReadOnlySequence<byte> _payload;

    public static T Read<T>(in ReadOnlySequence<byte> payload, Marshaller<T> marshaller)
    {
        var reader = _idle ?? new PayloadReader();
        _idle = null; // A deserializer that reads another message gets a reader of its own.
        reader._payload = payload;
        try
        {
            return marshaller.ContextualDeserializer(reader);
        }
        finally
        {
            reader._payload = default;
            _idle = reader;
        }
    }

    public override int PayloadLength => (int)_payload.Length;

    public override byte[] PayloadAsNewBuffer() => _payload.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => _payload;
}
