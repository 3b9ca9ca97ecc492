using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tally.Grpc.Tests.Support;

namespace Tally.Grpc.Tests;

public class CancellationTests
{
    private const int Patience = 60_000;
    private readonly TaskCompletionSource _started = new();
    private readonly TaskCompletionSource<bool> _stopped = new();

    [Fact(Timeout = Patience)]
    public async Task A_caller_that_cancels_is_told_so_and_the_handler_too()
    {
        await using var server = await Serve();
        using var cancellation = new CancellationTokenSource();
        using var call = new TestService.TestServiceClient(server.Channel).UnaryCallAsync(new SimpleRequest(), cancellationToken: cancellation.Token);
        await _started.Task;

        await cancellation.CancelAsync();

        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
        Assert.True(await _stopped.Task);
        Assert.DoesNotContain(server.Logs.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    [Fact(Timeout = Patience)]
    public async Task A_call_that_is_disposed_of_is_cancelled()
    {
        await using var server = await Serve();
        var call = new TestService.TestServiceClient(server.Channel).UnaryCallAsync(new SimpleRequest());
        await _started.Task;

        call.Dispose();

        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
        Assert.True(await _stopped.Task);
    }

    [Fact(Timeout = Patience)]
    public async Task A_channel_that_is_disposed_of_cancels_its_calls()
    {
        await using var server = await Serve();
        var channel = GrpcChannel.ForAddress(server.Address);
        using var call = new TestService.TestServiceClient(channel).UnaryCallAsync(new SimpleRequest());
        await _started.Task;

        channel.Dispose();

        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
        Assert.True(await _stopped.Task);
    }

    [Fact(Timeout = Patience)]
    public async Task A_token_that_has_fired_before_stops_the_call_from_being_sent()
    {
        await using var server = await Serve();

        var thrown = await Assert.ThrowsAsync<RpcException>(async () =>
            await new TestService.TestServiceClient(server.Channel).UnaryCallAsync(new SimpleRequest(), cancellationToken: new CancellationToken(true)));

        Assert.Equal(StatusCode.Cancelled, thrown.StatusCode);
        Assert.False(_started.Task.IsCompleted);
    }

    [Fact(Timeout = Patience)]
    public async Task A_reader_that_gives_up_cancels_its_call()
    {
        await using var server = await Serve();
        using var cancellation = new CancellationTokenSource();
        using var call = new TestService.TestServiceClient(server.Channel).StreamingOutputCall(new StreamingOutputCallRequest());
        Assert.True(await call.ResponseStream.MoveNext(cancellation.Token));
        var reading = call.ResponseStream.MoveNext(cancellation.Token);

        await cancellation.CancelAsync();

        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => reading)).StatusCode);
        Assert.True(await _stopped.Task);
    }

    [Fact(Timeout = Patience)]
    public async Task A_client_keeps_its_deadline_whatever_the_server_does()
    {
        await using var server = await Serve();

        var thrown = await Assert.ThrowsAsync<RpcException>(async () =>
            await new TestService.TestServiceClient(server.Channel).UnaryCallAsync(new SimpleRequest(), deadline: DateTime.UtcNow.AddMilliseconds(100)));

        Assert.Equal(StatusCode.DeadlineExceeded, thrown.StatusCode);
    }

    private Task<TestServer> Serve() => TestServer.ServingAsync<ScriptedService>(services => services.AddSingleton(new ScriptedService
    {
        Unary = async (_, context) =>
        {
            await HangAsync(context);
            return new SimpleResponse();
        },
        ServerStreaming = async (_, answers, context) =>
        {
            await answers.WriteAsync(new StreamingOutputCallResponse());
            await HangAsync(context);
        },
    }));

    private async Task HangAsync(ServerCallContext context)
    {
        _started.SetResult();
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, context.CancellationToken);
        }
        finally
        {
            _stopped.SetResult(context.CancellationToken.IsCancellationRequested);
        }
    }
}
