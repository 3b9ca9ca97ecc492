using System.Diagnostics;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Tally.Rpc.Server;

/// <summary>
/// A span a call, as OpenTelemetry's semantic conventions (1.45) name it, in the trace of whoever calls (W3C's <c>traceparent</c>). While nobody listens a
/// call costs one look at a field.
/// </summary>
internal static class ServerTracing
{
    private static readonly ActivitySource Source = new("Tally.Grpc.Server");

    /// <summary>Begins the span of a call; null when it isn't traced.</summary>
    /// <param name="http">The call.</param>
    /// <param name="method">The method's full name without the leading slash.</param>
    /// <param name="options">Which calls get one.</param>
    public static Activity? Start(HttpContext http, string method, GrpcTracingOptions options)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        // Where the web server's own spans are wanted, too, this one belongs below.
        ActivityContext parent = default;
        if (Activity.Current is null)
        {
            var headers = http.Request.Headers;
            _ = ActivityContext.TryParse(headers.TraceParent, headers.TraceState, isRemote: true, out parent);
        }

        if (!options.IsWanted(method, Activity.Current?.Context ?? parent))
        {
            return null;
        }

        var span = Source.StartActivity(method, ActivityKind.Server, parent);
        if (span is { IsAllDataRequested: true })
        {
            span.SetTag("rpc.system.name", "grpc").SetTag("rpc.method", method);
        }

        return span;
    }

    /// <summary>Ends it. What the server is to blame for is an error.</summary>
    public static void End(Activity? span, StatusCode status)
    {
        if (span is null)
        {
            return;
        }

        if (span.IsAllDataRequested)
        {
            var name = ServerMetrics.NameOf(status);
            span.SetTag("rpc.response.status_code", name);
            if (status is StatusCode.Unknown or StatusCode.DeadlineExceeded or StatusCode.Unimplemented or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss)
            {
                span.SetTag("error.type", name).SetStatus(ActivityStatusCode.Error);
            }
        }

        span.Dispose();
    }
}
