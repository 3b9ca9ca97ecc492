using System.Buffers;

namespace Grpc.Core;

/// <summary>Where a serializer puts the bytes of one message: either all at once, or piece by piece between a length and <see cref="Complete()"/>.</summary>
public abstract class SerializationContext
{
    /// <summary>Hands over the whole message, and ends it.</summary>
    public virtual void Complete(byte[] payload) => throw new NotSupportedException();

    /// <summary>Room to write the message into. Ends with <see cref="Complete()"/>.</summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotSupportedException();

    /// <summary>Says how long the message is going to be, which spares a copy. Before <see cref="GetBufferWriter"/>.</summary>
    public virtual void SetPayloadLength(int payloadLength)
    {
    }

    /// <summary>Ends a message that was written to the buffer writer.</summary>
    public virtual void Complete() => throw new NotSupportedException();
}
