using System.ComponentModel.DataAnnotations;

namespace Grpc.AspNetCore.Server;

/// <summary>What holds for all services of a server.</summary>
public class GrpcServiceOptions
{
    internal const int DefaultMaxReceiveMessageSize = 4 * 1024 * 1024;

    /// <summary>
    /// The largest request in bytes; a larger one is refused with RESOURCE_EXHAUSTED. Null: no limit but the protocol's (2 GB).
    /// Default: 4 MB (4,194,304).
    /// </summary>
    [Range(0, int.MaxValue)]
    public int? MaxReceiveMessageSize { get; set; } = DefaultMaxReceiveMessageSize;

    /// <summary>The largest response in bytes; a larger one fails its call with RESOURCE_EXHAUSTED. Default: null, no limit.</summary>
    [Range(0, int.MaxValue)]
    public int? MaxSendMessageSize { get; set; }
}
