using Grpc.Core;

namespace Tally.AppHost.Commands.Demo;

/// <summary>What a caller knows after a call.</summary>
internal enum CallOutcome
{
    /// <summary>Surely not stored, and it may work later: to be sent again.</summary>
    TryAgain,

    /// <summary>Surely not stored, and never will be.</summary>
    Refused,

    /// <summary>Stored or not: nobody said. To be sent again only with an idempotency key.</summary>
    Unknown,
}

/// <summary>Tells what a failed call means.</summary>
internal static class CallOutcomes
{
    /// <summary>The trailer by which the Calculator says that nothing was stored.</summary>
    public const string StoredTrailer = "tally-stored";

    public static CallOutcome Of(RpcException failure) =>
        WasNeverSent(failure) ? CallOutcome.TryAgain
        : failure.Trailers.GetValue(StoredTrailer) != "no" ? CallOutcome.Unknown
        : failure.StatusCode is StatusCode.Unavailable or StatusCode.ResourceExhausted or StatusCode.DeadlineExceeded or StatusCode.Aborted
            ? CallOutcome.TryAgain
        : CallOutcome.Refused;

    /// <summary>There was no connection to send it on.</summary>
    private static bool WasNeverSent(RpcException failure) =>
        failure.Status.DebugException is HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError,
        };
}
