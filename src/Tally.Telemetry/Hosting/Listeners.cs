using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using KestrelListenOptions = Microsoft.AspNetCore.Server.Kestrel.Core.ListenOptions;

namespace Tally.Telemetry.Hosting;

/// <summary>The two listeners of a service: the addresses they really have once it is started.</summary>
public sealed class Listeners
{
    private KestrelListenOptions? _grpc;
    private KestrelListenOptions? _http;

    /// <summary>Where gRPC is answered. Port 0 until the service is started.</summary>
    public IPEndPoint Grpc => Address(_grpc);

    /// <summary>Where HTTP/1.1 is answered. Port 0 until the service is started.</summary>
    public IPEndPoint Http => Address(_http);

    /// <summary>What the settings ask for, to be named when it can't be had.</summary>
    internal IReadOnlyList<WantedAddress> Wanted { get; private set; } = [];

    internal void Configure(KestrelServerOptions server, ListenOptions options)
    {
        server.AddServerHeader = false;

        // One connection with this many calls under way keeps the service busy; with more, whoever shares the service with it only waits the longer.
        server.Limits.Http2.MaxStreamsPerConnection = 256;
        server.Limits.Http2.InitialConnectionWindowSize = 4 * 1024 * 1024;
        server.Limits.Http2.InitialStreamWindowSize = 1024 * 1024;

        // A caller that vanished without a word (pulled cable) is noticed within a minute.
        server.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        server.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);

        _ = ListenAddress.TryParse(options.Grpc, out var grpc);
        _ = ListenAddress.TryParse(options.Http, out var http);
        Wanted =
        [
            new WantedAddress("Listen:Grpc", options.Grpc, grpc),
            new WantedAddress("Listen:Http", options.Http, http),
        ];
        server.Listen(grpc, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.Use(next => connection =>
            {
                connection.Features.Set(GrpcListenerMark.Instance);
                return next(connection);
            });
            _grpc = listen;
        });
        server.Listen(http, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            _http = listen;
        });
    }

    private static IPEndPoint Address(KestrelListenOptions? listen) => listen?.IPEndPoint ?? new IPEndPoint(IPAddress.None, 0);
}

/// <summary>Set on every connection to the gRPC listener.</summary>
internal sealed class GrpcListenerMark
{
    public static readonly GrpcListenerMark Instance = new();
}
