namespace Grpc.Core;

/// <summary>How a call ended, in the numbers that gRPC sends.</summary>
public enum StatusCode
{
    /// <summary>The call succeeded.</summary>
    OK = 0,

    /// <summary>The call was cancelled, usually by its caller.</summary>
    Cancelled = 1,

    /// <summary>Something failed that has no better name: an exception that the handler did not catch.</summary>
    Unknown = 2,

    /// <summary>An argument is wrong whatever the state of the system.</summary>
    InvalidArgument = 3,

    /// <summary>The deadline passed before the call ended. It may have taken effect.</summary>
    DeadlineExceeded = 4,

    /// <summary>What was asked for does not exist.</summary>
    NotFound = 5,

    /// <summary>What was to be made exists already.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known and may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A limit was reached: a quota, a queue, the size of a message.</summary>
    ResourceExhausted = 8,

    /// <summary>The system is not in the state that the call needs; sending it again does not help.</summary>
    FailedPrecondition = 9,

    /// <summary>The call lost a race; start again from its beginning.</summary>
    Aborted = 10,

    /// <summary>The call went past the valid range.</summary>
    OutOfRange = 11,

    /// <summary>The server does not have this method, or not this use of it.</summary>
    Unimplemented = 12,

    /// <summary>An invariant is broken, or bytes that break the protocol arrived.</summary>
    Internal = 13,

    /// <summary>The service can't be reached now; try again later.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or damaged and can't be recovered.</summary>
    DataLoss = 15,

    /// <summary>The caller's credentials are missing or wrong.</summary>
    Unauthenticated = 16,
}
