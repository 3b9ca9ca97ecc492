using Microsoft.Extensions.Logging;

namespace Grpc.Net.Client;

/// <summary>How a channel reaches its server.</summary>
public sealed class GrpcChannelOptions
{
    /// <summary>The largest response in bytes; a larger one fails its call with RESOURCE_EXHAUSTED. Null: no limit but the protocol's. Default: 4 MB.</summary>
    public int? MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>The largest request in bytes; a larger one fails its call with RESOURCE_EXHAUSTED before anything is sent. Default: null, no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>What sends the requests. Default: a <see cref="SocketsHttpHandler"/> of the channel's own, which opens further connections under load.</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Whether the channel disposes of <see cref="HttpHandler"/> with itself. Its own handler it always disposes of. Default: false.</summary>
    public bool DisposeHttpClient { get; set; }

    /// <summary>Where the channel logs to. Default: nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }
}
