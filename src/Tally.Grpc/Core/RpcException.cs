namespace Grpc.Core;

/// <summary>A call that ended with a status other than OK: thrown by a handler to send it, and by a client that received it.</summary>
public class RpcException : Exception
{
    /// <summary>With the status alone.</summary>
    public RpcException(Status status)
        : this(status, [], status.ToString())
    {
    }

    /// <summary>With a message for logs that differs from the status.</summary>
    public RpcException(Status status, string message)
        : this(status, [], message)
    {
    }

    /// <summary>With trailers.</summary>
    public RpcException(Status status, Metadata trailers)
        : this(status, trailers, status.ToString())
    {
    }

    /// <summary>With trailers and a message for logs.</summary>
    public RpcException(Status status, Metadata trailers, string message)
        : base(message, status.DebugException)
    {
        ArgumentNullException.ThrowIfNull(trailers);
        Status = status;
        Trailers = trailers;
    }

    /// <summary>How the call ended.</summary>
    public Status Status { get; }

    /// <summary>The code of the status.</summary>
    public StatusCode StatusCode => Status.StatusCode;

    /// <summary>The trailers that came with the status. Never null.</summary>
    public Metadata Trailers { get; }
}
