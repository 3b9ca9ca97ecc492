using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Tally.Rpc.Server;

/// <summary>Answers gRPC calls of methods that are not served with UNIMPLEMENTED instead of HTTP's 404.</summary>
internal sealed class UnknownMethods(ServerMetrics metrics)
{
    private readonly MethodMetrics _metrics = metrics.For(ServerMetrics.OtherMethods);
    private readonly HashSet<IEndpointRouteBuilder> _mapped = [];

    /// <summary>Adds the answer once for each set of endpoints. Anything that is not gRPC still gets its 404.</summary>
    public void Map(IEndpointRouteBuilder builder)
    {
        if (!_mapped.Add(builder))
        {
            return;
        }

        builder.MapMethods("{service}/{method}", [HttpMethods.Post], Answer)
            .WithDisplayName("gRPC - unknown method")
            .Add(endpoint => ((RouteEndpointBuilder)endpoint).Order = int.MaxValue);
    }

    private Task Answer(HttpContext http)
    {
        if (!Admission.IsGrpc(http.Request.ContentType))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        if (Admission.Admits(http))
        {
            var began = _metrics.Begin();
            http.Response.ContentType = Admission.ContentType;
            StatusHeaders.Write(http.Response.Headers, new Status(StatusCode.Unimplemented, $"{http.Request.Path} is not served here."));
            _metrics.End(began, StatusCode.Unimplemented);
        }

        return Task.CompletedTask;
    }
}
