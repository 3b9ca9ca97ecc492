using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Tally.Rpc.Server;

/// <summary>Turns away what is not gRPC over HTTP/2, with an answer that says so to HTTP clients and to gRPC clients.</summary>
internal static class Admission
{
    public const string ContentType = "application/grpc";

    public static bool Admits(HttpContext http)
    {
        var request = http.Request;
        if (!HttpProtocol.IsHttp2(request.Protocol) && !HttpProtocol.IsHttp3(request.Protocol))
        {
            http.Response.Headers.Upgrade = HttpProtocol.Http2;
            Refuse(http, StatusCodes.Status426UpgradeRequired, $"gRPC needs HTTP/2; this request came by {request.Protocol}.");
            return false;
        }

        if (!IsGrpc(request.ContentType))
        {
            Refuse(http, StatusCodes.Status415UnsupportedMediaType, $"The content type must be {ContentType}; it is '{request.ContentType}'.");
            return false;
        }

        return true;
    }

    /// <summary><c>application/grpc</c>, with or without its one format here, <c>+proto</c>, and any parameters.</summary>
    public static bool IsGrpc(string? contentType)
    {
        if (contentType is null || !contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var rest = contentType.AsSpan(ContentType.Length);
        if (rest.StartsWith("+proto", StringComparison.OrdinalIgnoreCase))
        {
            rest = rest["+proto".Length..];
        }

        return rest.IsEmpty || rest[0] == ';';
    }

    private static void Refuse(HttpContext http, int httpStatus, string reason)
    {
        http.Response.StatusCode = httpStatus;
        StatusHeaders.Write(http.Response.Headers, new Status(StatusCode.Internal, reason));
    }
}
