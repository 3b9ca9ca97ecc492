using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Tally.Rpc.Wire;

namespace Tally.Rpc.Server;

/// <summary>A call on the server: what its handler sees of it.</summary>
internal sealed partial class ServerCall(HttpContext http, ServerMethodSettings settings) : ServerCallContext
{
    private static readonly AuthContext NobodyProvedAnything = new(null, []);

    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;

    public HttpContext Http => http;

    public bool IsPastDeadline => _expired || (_timer is not null && settings.Clock.GetUtcNow().UtcDateTime >= _deadline);

    protected override string MethodCore => settings.Method.FullName;

    protected override string HostCore => http.Request.Host.Value ?? "";

    protected override string PeerCore => PeerAddress.Of(http.Connection);

    protected override DateTime DeadlineCore => _deadline;

    protected override Metadata RequestHeadersCore => _requestHeaders ??= ReadHeaders(http.Request.Headers);

    protected override Metadata ResponseTrailersCore => _responseTrailers ??= [];

    protected override Status StatusCore { get; set; } = Status.DefaultSuccess;

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => NobodyProvedAnything;

    protected override IDictionary<object, object> UserStateCore => http.Items!;

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("Pass Deadline and CancellationToken of the context on to the calls that you make.");

    private static Metadata ReadHeaders(IHeaderDictionary headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers)
        {
            if (ReservedHeaders.Contains(name))
            {
                continue;
            }

            foreach (var value in values)
            {
                BinaryHeader.AddTo(metadata, name, value ?? "");
            }
        }

        return metadata;
    }
}
