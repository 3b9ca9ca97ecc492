namespace Grpc.Core;

/// <summary>Which side of a call sends how many messages.</summary>
public enum MethodType
{
    /// <summary>One message there, one back.</summary>
    Unary,

    /// <summary>Many there, one back.</summary>
    ClientStreaming,

    /// <summary>One there, many back.</summary>
    ServerStreaming,

    /// <summary>Many there and many back, independently.</summary>
    DuplexStreaming,
}
