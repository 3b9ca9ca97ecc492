using Grpc.Core;
using Grpc.Testing;

namespace Tally.Grpc.Tests.Support;

/// <summary>A service that does what a test says.</summary>
public sealed class ScriptedService : TestService.TestServiceBase
{
    public Func<SimpleRequest, ServerCallContext, Task<SimpleResponse>> Unary { get; init; } = (_, _) => Task.FromResult(new SimpleResponse());

    public Func<StreamingOutputCallRequest, IServerStreamWriter<StreamingOutputCallResponse>, ServerCallContext, Task> ServerStreaming { get; init; } =
        (_, _, _) => Task.CompletedTask;

    public Func<IAsyncStreamReader<StreamingInputCallRequest>, ServerCallContext, Task<StreamingInputCallResponse>> ClientStreaming { get; init; } =
        (_, _) => Task.FromResult(new StreamingInputCallResponse());

    public Func<IAsyncStreamReader<StreamingOutputCallRequest>, IServerStreamWriter<StreamingOutputCallResponse>, ServerCallContext, Task> Duplex { get; init; } =
        (_, _, _) => Task.CompletedTask;

    public override Task<SimpleResponse> UnaryCall(SimpleRequest request, ServerCallContext context) => Unary(request, context);

    public override Task StreamingOutputCall(
        StreamingOutputCallRequest request, IServerStreamWriter<StreamingOutputCallResponse> responseStream, ServerCallContext context) =>
        ServerStreaming(request, responseStream, context);

    public override Task<StreamingInputCallResponse> StreamingInputCall(
        IAsyncStreamReader<StreamingInputCallRequest> requestStream, ServerCallContext context) =>
        ClientStreaming(requestStream, context);

    public override Task FullDuplexCall(
        IAsyncStreamReader<StreamingOutputCallRequest> requestStream,
        IServerStreamWriter<StreamingOutputCallResponse> responseStream,
        ServerCallContext context) =>
        Duplex(requestStream, responseStream, context);
}
