using System.Net;
using Grpc.Core;

namespace Tally.Rpc.Client;

/// <summary>What it means for a call when HTTP fails, as gRPC lays it down.</summary>
internal static class StatusMapping
{
    /// <summary>The status of an answer that is not gRPC.</summary>
    public static StatusCode Of(HttpStatusCode http) => http switch
    {
        HttpStatusCode.BadRequest => StatusCode.Internal,
        HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
        HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
        HttpStatusCode.NotFound => StatusCode.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout =>
            StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };

    /// <summary>The status of a call whose connection or stream failed.</summary>
    public static Status Of(Exception exception)
    {
        var reset = exception as HttpProtocolException ?? exception.InnerException as HttpProtocolException;
        return reset is not null && !IsPingUnanswered(reset)
            ? new Status(OfReset(reset.ErrorCode), $"The server reset the call: {reset.Message}", exception)
            : exception switch
            {
                // The callers of DebugException see from HttpRequestError.ConnectionError that nothing was sent.
                HttpRequestException or IOException => new Status(StatusCode.Unavailable, $"The server can't be reached: {exception.Message}", exception),
                _ => new Status(StatusCode.Internal, $"The call failed: {exception.Message}", exception),
            };
    }

    /// <summary>
    /// Whether it is the connection that is dead. The handler reports a ping that nobody answers like a server's PROTOCOL_ERROR, and only its words, which name
    /// the setting, tell one from the other.
    /// </summary>
    private static bool IsPingUnanswered(HttpProtocolException exception) =>
        exception.Message.Contains(nameof(SocketsHttpHandler.KeepAlivePingDelay), StringComparison.Ordinal);

    /// <summary>From the error codes of HTTP/2.</summary>
    private static StatusCode OfReset(long code) => code switch
    {
        0x7 => StatusCode.Unavailable, // REFUSED_STREAM
        0x8 => StatusCode.Cancelled, // CANCEL
        0xb => StatusCode.ResourceExhausted, // ENHANCE_YOUR_CALM
        0xc => StatusCode.PermissionDenied, // INADEQUATE_SECURITY
        _ => StatusCode.Internal,
    };
}
