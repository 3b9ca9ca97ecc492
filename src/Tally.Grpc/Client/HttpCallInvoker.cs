using Grpc.Core;
using Grpc.Net.Client;

namespace Tally.Rpc.Client;

/// <summary>Makes calls over a channel.</summary>
internal sealed class HttpCallInvoker(GrpcChannel channel) : CallInvoker
{
    private static readonly Func<object, Task<Metadata>> Headers = call => ((ClientCall)call).ResponseHeadersAsync;
    private static readonly Func<object, Status> Status = call => ((ClientCall)call).GetStatus();
    private static readonly Func<object, Metadata> Trailers = call => ((ClientCall)call).GetTrailers();
    private static readonly Action<object> Dispose = call => ((ClientCall)call).Dispose();

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        using var call = AsyncUnaryCall(method, host, options, request);
#pragma warning disable VSTHRD002 // Blocking is what the caller asked for; nothing below needs the caller's thread.
        return call.ResponseAsync.GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = Start(method, host, options, ContentOf(request, method));
        return new AsyncUnaryCall<TResponse>(call.ReadOnlyMessageAsync(method.ResponseMarshaller), Headers, Status, Trailers, Dispose, call);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = Start(method, host, options, ContentOf(request, method));
        var responses = new ResponseReader<TResponse>(call, method.ResponseMarshaller);
        return new AsyncServerStreamingCall<TResponse>(responses, Headers, Status, Trailers, Dispose, call);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var content = new RequestStreamContent();
        var call = Start(method, host, options, content);
        var requests = new RequestWriter<TRequest>(call, content, method.RequestMarshaller, channel.MaxSendMessageSize);
        var response = call.ReadOnlyMessageAsync(method.ResponseMarshaller);
        return new AsyncClientStreamingCall<TRequest, TResponse>(requests, response, Headers, Status, Trailers, Dispose, call);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var content = new RequestStreamContent();
        var call = Start(method, host, options, content);
        var requests = new RequestWriter<TRequest>(call, content, method.RequestMarshaller, channel.MaxSendMessageSize);
        var responses = new ResponseReader<TResponse>(call, method.ResponseMarshaller);
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(requests, responses, Headers, Status, Trailers, Dispose, call);
    }

    private ClientCall Start(IMethod method, string? host, CallOptions options, HttpContent content)
    {
        var call = new ClientCall(channel, method, host, options);
        call.Start(content);
        return call;
    }

    private MessageContent ContentOf<TRequest, TResponse>(TRequest request, Method<TRequest, TResponse> method) =>
        new(MessageBytes.Of(request, method.RequestMarshaller, channel.MaxSendMessageSize));
}
