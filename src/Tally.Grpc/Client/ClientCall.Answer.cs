using System.IO.Pipelines;
using System.Net;
using Grpc.Core;
using Tally.Rpc.Wire;

namespace Tally.Rpc.Client;

internal sealed partial class ClientCall
{
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PipeReader? _body;

    /// <summary>The response headers. Fails with the call when it ends before they are there.</summary>
    public Task<Metadata> ResponseHeadersAsync => _headers.Task;

    /// <summary>Reads the one message of a unary answer, and the status behind it.</summary>
    public async Task<T> ReadOnlyMessageAsync<T>(Marshaller<T> marshaller)
        where T : class
    {
        var message = await ReadMessageAsync(marshaller, CancellationToken.None)
            ?? throw new RpcException(EndAgainstRules("The server sent no message with its OK."));
        return await ReadMessageAsync(marshaller, CancellationToken.None) is null
            ? message
            : throw new RpcException(EndAgainstRules("The server sent more than one message."));
    }

    /// <summary>Reads the next message; null when the call has ended with OK.</summary>
    /// <exception cref="RpcException">It has ended otherwise.</exception>
    public async ValueTask<T?> ReadMessageAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            using var registration = cancellationToken.UnsafeRegister(static call => ((ClientCall)call!).CancelReading(), this);
            await _sent;
            if (_outcome is null && await NextAsync(marshaller) is { } message)
            {
                return message;
            }
        }
        catch (Exception exception) when (IsOfHttp(exception))
        {
            End(StatusOf(exception));
        }
        catch (RpcException exception)
        {
            // The answer can't be read: there is no need for the rest of it.
            Cancel();
            End(exception.Status);
        }

        ThrowIfFailed();
        return null;
    }

    private async ValueTask<T?> NextAsync<T>(Marshaller<T> marshaller)
        where T : class
    {
        var response = _response!;
        _body ??= PipeReader.Create(await response.Content.ReadAsStreamAsync(_cancellation.Token));
        while (true)
        {
            var result = await _body.ReadAsync(_cancellation.Token);
            var rest = result.Buffer;
            if (MessageFrame.TryTake(ref rest, _channel.MaxReceiveMessageSize, out var frame))
            {
                var message = Parse(frame, marshaller);
                _body.AdvanceTo(rest.Start);
                return message;
            }

            _body.AdvanceTo(rest.Start, rest.End);
            if (result.IsCompleted)
            {
                ReadTrailers(response, cutShort: !rest.IsEmpty);
                return null;
            }
        }
    }

    private static T Parse<T>(in MessageFrame frame, Marshaller<T> marshaller)
    {
        if (frame.IsCompressed)
        {
            throw new RpcException(new Status(StatusCode.Internal, "The server sent a compressed message, which was not asked for."));
        }

        try
        {
            return PayloadReader.Read(frame.Payload, marshaller);
        }
#pragma warning disable CA1031 // A custom marshaller may throw anything; all of it means that these bytes are no message.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            throw new RpcException(new Status(StatusCode.Internal, "The answer can't be parsed.", exception));
        }
    }

    private async ValueTask ReadHeadersAsync(HttpResponseMessage response)
    {
        var contentType = response.Content.Headers.ContentType?.MediaType;
        if (AnswerHeaders.StatusOf(response.Headers) is { } status)
        {
            await ReadTrailersOnlyAsync(response, status);
        }
        else if (response.StatusCode != HttpStatusCode.OK)
        {
            End(new Status(StatusMapping.Of(response.StatusCode), $"The server answered with HTTP status {(int)response.StatusCode}, not with gRPC."));
        }
        else if (contentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) != true)
        {
            End(new Status(StatusCode.Unknown, $"The server answered with content type '{contentType}', not with gRPC."));
        }
        else
        {
            _headers.TrySetResult(AnswerHeaders.MetadataOf(response.Headers));
        }
    }

    /// <summary>A status in the headers counts where nothing is behind them. Then the call is over, and the headers are its trailers.</summary>
    private async ValueTask ReadTrailersOnlyAsync(HttpResponseMessage response, Status status)
    {
        var body = await response.Content.ReadAsStreamAsync(_cancellation.Token);
        if (await body.ReadAsync(new byte[1], _cancellation.Token) > 0)
        {
            End(new Status(StatusCode.Internal, "The server sent a status in its headers, and messages behind it."));
        }
        else if (AnswerHeaders.StatusOf(response.TrailingHeaders) is not null)
        {
            ReadTrailers(response, cutShort: false);
        }
        else
        {
            _headers.TrySetResult(Metadata.Empty);
            End(status, AnswerHeaders.MetadataOf(response.Headers));
        }
    }

    private void ReadTrailers(HttpResponseMessage response, bool cutShort)
    {
        var status = AnswerHeaders.StatusOf(response.TrailingHeaders)
            ?? new Status(StatusCode.Unknown, "The answer ended without a status.");
        End(
            cutShort && status.StatusCode == StatusCode.OK ? new Status(StatusCode.Internal, "The answer ended within a message.") : status,
            AnswerHeaders.MetadataOf(response.TrailingHeaders));
    }
}
