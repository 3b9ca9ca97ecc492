using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Tally.Outbox;
using Status = Grpc.Core.Status;

namespace Tally.Calculator;

/// <summary>What a caller is told when a call fails.</summary>
internal static class Faults
{
    private const string StoredTrailer = "tally-stored";

    /// <summary>Where gRPC's richer error model puts a <c>google.rpc.Status</c>.</summary>
    private const string DetailsTrailer = "grpc-status-details-bin";
    private const int ShownCharacters = 50;

    /// <summary>A failure after which the call may be sent again: the trailer says that nothing was stored.</summary>
    public static RpcException NotStored(StatusCode code, string message) =>
        new(new Status(code, message), new Metadata { { StoredTrailer, "no" } });

    /// <summary>A failed append in the terms of gRPC.</summary>
    public static RpcException From(OutboxException fault)
    {
        var code = fault.Fault switch
        {
            OutboxFault.Full => StatusCode.ResourceExhausted,
            OutboxFault.Refused => StatusCode.OutOfRange,
            OutboxFault.TooLarge or OutboxFault.KeyReused => StatusCode.InvalidArgument,
            OutboxFault.EncoderFailed => StatusCode.Internal,
            _ => StatusCode.Unavailable,
        };
        var told = fault.NotStored ? NotStored(code, fault.Message) : new RpcException(new Status(code, fault.Message));
        if (fault.RetryAfter is { } delay)
        {
            told.Trailers.Add(DetailsTrailer, Details(told.Status, new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) }).ToByteArray());
        }

        return told;
    }

    private static Google.Rpc.Status Details(Status status, IMessage detail) =>
        new() { Code = (int)status.StatusCode, Message = status.Detail, Details = { Any.Pack(detail) } };

    /// <summary>A caller's text, short and with nothing in it that could disturb a terminal or a log.</summary>
    public static string Show(string text)
    {
        if (text.Length == 0)
        {
            return "empty";
        }

        var start = text.Length <= ShownCharacters ? text : string.Concat(text.AsSpan(0, ShownCharacters), "…");
        return $"'{string.Concat(start.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c))}'";
    }
}
