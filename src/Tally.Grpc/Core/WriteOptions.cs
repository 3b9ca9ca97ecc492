namespace Grpc.Core;

/// <summary>How a message is written.</summary>
[Flags]
public enum WriteFlags
{
    /// <summary>As usual: written and sent.</summary>
    None = 0,

    /// <summary>More is to come soon: the message may wait for the next one.</summary>
    BufferHint = 1,

    /// <summary>Not to be compressed. (Nothing here is.)</summary>
    NoCompress = 2,
}

/// <summary>How the messages of a call are written.</summary>
public class WriteOptions(WriteFlags flags = WriteFlags.None)
{
    /// <summary>As usual.</summary>
    public static readonly WriteOptions Default = new();

    /// <summary>The flags.</summary>
    public WriteFlags Flags { get; } = flags;
}
