using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Tally.Rpc.Server;

/// <summary>What a server says of its calls. Only faults of the service itself are loud.</summary>
internal static partial class Log
{
    [LoggerMessage(6001, LogLevel.Error, "The handler of {Method} failed.")]
    public static partial void HandlerFailed(ILogger logger, string method, Exception exception);

    [LoggerMessage(6002, LogLevel.Warning, "The handler of {Method} failed ({Status}) after its deadline had passed; its caller had been told so.")]
    public static partial void FailedLate(ILogger logger, string method, StatusCode status, Exception exception);

    [LoggerMessage(6003, LogLevel.Debug, "{Method} ended with {Status}: {Detail}")]
    public static partial void EndedWithStatus(ILogger logger, string method, StatusCode status, string detail, Exception? exception);

    [LoggerMessage(6004, LogLevel.Debug, "The caller of {Method} is gone.")]
    public static partial void CallerGone(ILogger logger, string method);
}
