using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Tally.Rpc.Wire;

namespace Tally.Rpc.Server;

/// <summary>A status and metadata as headers, which for HTTP are the same before and after the body.</summary>
internal static class StatusHeaders
{
    private static readonly StringValues[] Codes = [.. Enumerable.Range(0, 17).Select(code => new StringValues(code.ToString()))];

    public static void Write(IHeaderDictionary headers, Status status)
    {
        var code = (int)status.StatusCode;
        headers.GrpcStatus = code < Codes.Length ? Codes[code] : code.ToString();
        if (!string.IsNullOrEmpty(status.Detail))
        {
            headers.GrpcMessage = PercentEncoding.Encode(status.Detail);
        }
    }

    public static void Write(IHeaderDictionary headers, Metadata metadata)
    {
        foreach (var entry in metadata)
        {
            if (!ReservedHeaders.Contains(entry.Key))
            {
                headers.Append(entry.Key, BinaryHeader.ValueOf(entry));
            }
        }
    }
}
