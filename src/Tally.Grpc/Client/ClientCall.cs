using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Tally.Rpc.Wire;

namespace Tally.Rpc.Client;

/// <summary>A call on the client: one HTTP request, its answer, and how it ended.</summary>
internal sealed partial class ClientCall : IDisposable
{
    // Timers reach no farther. A deadline behind that is told to the server, and nobody watches it here.
    private static readonly TimeSpan Farthest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly GrpcChannel _channel;
    private readonly IMethod _method;
    private readonly string? _host;
    private readonly CallOptions _options;
    private readonly TimeSpan? _timeout;
    private readonly CancellationTokenSource _cancellation;

    private Task _sent = Task.CompletedTask;
    private HttpResponseMessage? _response;

    public ClientCall(GrpcChannel channel, IMethod method, string? host, CallOptions options)
    {
        _channel = channel;
        _method = method;
        _host = host;
        _options = options;
        _timeout = TimeLeft(options.Deadline);
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(options.CancellationToken, channel.Disposed);
    }

    /// <summary>Sends the request; reading waits until its answer begins. What goes wrong becomes the call's end.</summary>
    public void Start(HttpContent content)
    {
        if (_timeout is { } timeout && timeout <= Farthest)
        {
            _cancellation.CancelAfter(timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero);
        }

        _sent = SendAsync(content);
    }

    /// <summary>Completes when the answer begins, or the call has ended. Never fails.</summary>
    public Task Sent => _sent;

    public void Dispose()
    {
        if (_outcome is null)
        {
            _abandoned = true;
            Cancel();
            End(new Status(StatusCode.Cancelled, "The call was disposed of before it had ended."));
        }
    }

    private async Task SendAsync(HttpContent content)
    {
        try
        {
            _cancellation.Token.ThrowIfCancellationRequested();
            _response = await _channel.SendAsync(NewRequest(content), _cancellation.Token);
            await ReadHeadersAsync(_response);
        }
        catch (Exception exception) when (IsOfHttp(exception))
        {
            End(StatusOf(exception));
        }
        catch (RpcException exception)
        {
            End(exception.Status); // The headers can't be read.
        }
    }

    private HttpRequestMessage NewRequest(HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, _channel.AddressOf(_method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TryAddWithoutValidation("TE", "trailers");
        if (_host is not null)
        {
            request.Headers.Host = _host;
        }

        if (_timeout is { } timeout)
        {
            request.Headers.TryAddWithoutValidation("grpc-timeout", GrpcTimeout.Format(timeout));
        }

        foreach (var entry in _options.Headers ?? Metadata.Empty)
        {
            if (!ReservedHeaders.Contains(entry.Key))
            {
                request.Headers.TryAddWithoutValidation(entry.Key, BinaryHeader.ValueOf(entry));
            }
        }

        return request;
    }

    private static TimeSpan? TimeLeft(DateTime? deadline) => deadline switch
    {
        null => null,
        { } never when never == DateTime.MaxValue => null,
        { } past when past == DateTime.MinValue => TimeSpan.Zero,
        { Kind: DateTimeKind.Utc } utc => utc - TimeProvider.System.GetUtcNow().UtcDateTime,
        _ => throw new InvalidOperationException("The deadline must be in UTC."),
    };
}
