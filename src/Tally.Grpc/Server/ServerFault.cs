using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Tally.Rpc.Server;

/// <summary>What an exception from a handler means for its caller, who never sees the exception's text, and for the log.</summary>
internal static class ServerFault
{
    public static Status StatusOf(Exception exception, ServerCall call) => exception switch
    {
        RpcException rpc => rpc.Status,
        OperationCanceledException when call.IsPastDeadline => new Status(StatusCode.DeadlineExceeded, "The deadline has passed."),
        OperationCanceledException or IOException when call.Http.RequestAborted.IsCancellationRequested => Status.DefaultCancelled,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
            new Status(StatusCode.ResourceExhausted, "The request is larger than the server's MaxRequestBodySize."),
        BadHttpRequestException => new Status(StatusCode.Internal, "The request is damaged."),
        _ => new Status(StatusCode.Unknown, "The handler failed; the server's log says why."),
    };

    public static void Log(Exception exception, Status status, ServerMethodSettings settings)
    {
        if (status.StatusCode == StatusCode.Unknown && exception is not RpcException)
        {
            Server.Log.HandlerFailed(settings.Logger, settings.Method.FullName, exception);
        }
        else
        {
            Server.Log.EndedWithStatus(settings.Logger, settings.Method.FullName, status.StatusCode, status.Detail, status.DebugException);
        }
    }

    /// <summary>After the deadline there is nobody left to tell but the log; that a handler stopped as it was asked to is no news.</summary>
    public static void LogLate(Exception exception, Status status, ServerMethodSettings settings)
    {
        if (exception is not (RpcException or OperationCanceledException))
        {
            Server.Log.FailedLate(settings.Logger, settings.Method.FullName, status.StatusCode, exception);
        }
    }
}
