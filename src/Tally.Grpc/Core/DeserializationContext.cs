using System.Buffers;

namespace Grpc.Core;

/// <summary>Where a deserializer finds the bytes of one message. They are gone when it returns.</summary>
public abstract class DeserializationContext
{
    /// <summary>The length of the message in bytes.</summary>
    public abstract int PayloadLength { get; }

    /// <summary>A copy of the message, to be kept.</summary>
    public virtual byte[] PayloadAsNewBuffer() => throw new NotSupportedException();

    /// <summary>The message where it lies. It must not be used after the deserializer has returned.</summary>
    public virtual ReadOnlySequence<byte> PayloadAsReadOnlySequence() => throw new NotSupportedException();
}
