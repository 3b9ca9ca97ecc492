using System.Net.Http.Headers;
using Grpc.Core;
using Tally.Rpc.Wire;

namespace Tally.Rpc.Client;

/// <summary>Reads a status and metadata out of the headers or trailers of an answer.</summary>
internal static class AnswerHeaders
{
    /// <summary>The status, or null when there is none.</summary>
    public static Status? StatusOf(HttpHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues("grpc-status", out var code))
        {
            return null;
        }

        var detail = headers.NonValidated.TryGetValues("grpc-message", out var message) ? PercentEncoding.Decode(message.ToString()) : "";
        return int.TryParse(code.ToString(), out var number)
            ? new Status(number is >= 0 and <= (int)StatusCode.Unauthenticated ? (StatusCode)number : StatusCode.Unknown, detail)
            : new Status(StatusCode.Unknown, $"grpc-status is '{code}', which is not a number. {detail}");
    }

    /// <summary>All but what belongs to the protocol.</summary>
    public static Metadata MetadataOf(HttpHeaders headers)
    {
        Metadata? metadata = null;
        foreach (var (name, values) in headers.NonValidated)
        {
            if (ReservedHeaders.Contains(name))
            {
                continue;
            }

            metadata ??= [];
            foreach (var value in values)
            {
                BinaryHeader.AddTo(metadata, name, value);
            }
        }

        return metadata?.Freeze() ?? Metadata.Empty;
    }
}
