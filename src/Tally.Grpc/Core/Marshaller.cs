namespace Grpc.Core;

/// <summary>Turns messages into bytes and back.</summary>
/// <typeparam name="T">The message.</typeparam>
public class Marshaller<T>
{
    /// <summary>By whole arrays.</summary>
    public Marshaller(Func<T, byte[]> serializer, Func<byte[], T> deserializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        ArgumentNullException.ThrowIfNull(deserializer);
        Serializer = serializer;
        Deserializer = deserializer;
        ContextualSerializer = (message, context) => context.Complete(serializer(message));
        ContextualDeserializer = context => deserializer(context.PayloadAsNewBuffer());
    }

    /// <summary>By contexts, which spares copies.</summary>
    public Marshaller(Action<T, SerializationContext> serializer, Func<DeserializationContext, T> deserializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        ArgumentNullException.ThrowIfNull(deserializer);
        ContextualSerializer = serializer;
        ContextualDeserializer = deserializer;
        Serializer = _ => throw NeedsContext();
        Deserializer = _ => throw NeedsContext();
    }

    /// <summary>Message to array; only for a marshaller that was made of such functions.</summary>
    public Func<T, byte[]> Serializer { get; }

    /// <summary>Array to message; only for a marshaller that was made of such functions.</summary>
    public Func<byte[], T> Deserializer { get; }

    /// <summary>Message to bytes.</summary>
    public Action<T, SerializationContext> ContextualSerializer { get; }

    /// <summary>Bytes to message.</summary>
    public Func<DeserializationContext, T> ContextualDeserializer { get; }

    private static NotSupportedException NeedsContext() => new("This marshaller works on contexts only.");
}

/// <summary>Makes marshallers.</summary>
public static class Marshallers
{
    /// <summary>A marshaller of strings as UTF-8.</summary>
    public static Marshaller<string> StringMarshaller { get; } = new(System.Text.Encoding.UTF8.GetBytes, System.Text.Encoding.UTF8.GetString);

    /// <summary>By whole arrays.</summary>
    public static Marshaller<T> Create<T>(Func<T, byte[]> serializer, Func<byte[], T> deserializer) => new(serializer, deserializer);

    /// <summary>By contexts, which spares copies. This is what generated code calls.</summary>
    public static Marshaller<T> Create<T>(Action<T, SerializationContext> serializer, Func<DeserializationContext, T> deserializer) =>
        new(serializer, deserializer);
}
