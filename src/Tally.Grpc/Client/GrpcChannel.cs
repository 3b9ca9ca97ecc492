using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tally.Rpc.Client;

namespace Grpc.Net.Client;

/// <summary>A way to a server, by HTTP/2 from the first byte. Costly to make, cheap to share: make one and keep it.</summary>
public sealed class GrpcChannel : ChannelBase, IDisposable
{
    private readonly ConcurrentDictionary<IMethod, Uri> _addresses = [];
    private readonly CancellationTokenSource _disposed = new();
    private readonly HttpMessageInvoker _http;
    private readonly Uri _address;

    private GrpcChannel(Uri address, GrpcChannelOptions options)
        : base(address.Authority)
    {
        if (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps)
        {
            throw new ArgumentException($"The address must start with http:// or https://; it is '{address}'.", nameof(address));
        }

        _address = address;
        Disposed = _disposed.Token;
        _http = new HttpMessageInvoker(options.HttpHandler ?? NewHandler(), disposeHandler: options.HttpHandler is null || options.DisposeHttpClient);
        MaxReceiveMessageSize = options.MaxReceiveMessageSize;
        MaxSendMessageSize = options.MaxSendMessageSize;
        Logger = options.LoggerFactory?.CreateLogger<GrpcChannel>() ?? (ILogger)NullLogger.Instance;
    }

    internal int? MaxReceiveMessageSize { get; }

    internal int? MaxSendMessageSize { get; }

    internal ILogger Logger { get; }

    internal CancellationToken Disposed { get; }

    internal bool IsDisposed => Disposed.IsCancellationRequested;

    /// <summary>A channel to an address like <c>http://127.0.0.1:50051</c>. Nothing is connected before the first call.</summary>
    public static GrpcChannel ForAddress(string address) => ForAddress(address, new GrpcChannelOptions());

    /// <summary>A channel to an address like <c>http://127.0.0.1:50051</c>, with options.</summary>
    public static GrpcChannel ForAddress(string address, GrpcChannelOptions channelOptions) => ForAddress(new Uri(address), channelOptions);

    /// <summary>A channel to an address.</summary>
    public static GrpcChannel ForAddress(Uri address) => ForAddress(address, new GrpcChannelOptions());

    /// <summary>A channel to an address, with options.</summary>
    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions channelOptions)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(channelOptions);
        return new GrpcChannel(address, channelOptions);
    }

    /// <inheritdoc/>
    public override CallInvoker CreateCallInvoker() => new HttpCallInvoker(this);

    /// <summary>Cancels the calls under way and closes the connections.</summary>
    public void Dispose()
    {
        if (IsDisposed)
        {
            return;
        }

        _disposed.Cancel();
        _http.Dispose();
        _disposed.Dispose();
    }

    /// <inheritdoc/>
    protected override Task ShutdownAsyncCore()
    {
        Dispose();
        return Task.CompletedTask;
    }

    internal Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _http.SendAsync(request, cancellationToken);

    internal Uri AddressOf(IMethod method) => _addresses.GetOrAdd(
        method, static (method, channel) => new Uri(channel._address, method.FullName), this);

    private static SocketsHttpHandler NewHandler() => new()
    {
        EnableMultipleHttp2Connections = true,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,

        // A connection whose other end is silently gone is noticed while someone waits on it.
        KeepAlivePingDelay = TimeSpan.FromSeconds(20),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,

        // gRPC calls are not browsing: no cookies, redirects or proxies in between.
        UseCookies = false,
        AllowAutoRedirect = false,
        UseProxy = false,
    };
}
