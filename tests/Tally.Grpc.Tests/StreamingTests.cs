using Google.Protobuf;
using Grpc.Core;
using Grpc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Tally.Grpc.Tests.Support;

namespace Tally.Grpc.Tests;

public class StreamingTests
{
    private const int Patience = 60_000;

    [Fact(Timeout = Patience)]
    public async Task Answers_arrive_in_order()
    {
        await using var server = await TestServer.ServingAsync<InteropService>();
        var client = new TestService.TestServiceClient(server.Channel);
        var request = new StreamingOutputCallRequest();
        request.ResponseParameters.Add(Enumerable.Range(1, 500).Select(size => new ResponseParameters { Size = size }));

        using var call = client.StreamingOutputCall(request);
        var sizes = await call.ResponseStream.ReadAllAsync().Select(answer => answer.Payload.Body.Length).ToListAsync();

        Assert.Equal(Enumerable.Range(1, 500), sizes);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact(Timeout = Patience)]
    public async Task An_answer_leaves_before_the_next_one_is_written()
    {
        var read = new SemaphoreSlim(0);
        await using var server = await Serve(new ScriptedService
        {
            ServerStreaming = async (_, answers, context) =>
            {
                for (var i = 0; i < 3; i++)
                {
                    await answers.WriteAsync(Sized(i));
                    await read.WaitAsync(context.CancellationToken);
                }
            },
        });
        using var call = new TestService.TestServiceClient(server.Channel).StreamingOutputCall(new StreamingOutputCallRequest());

        for (var i = 0; i < 3; i++)
        {
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal(i, call.ResponseStream.Current.Payload.Body.Length);
            read.Release();
        }

        Assert.False(await call.ResponseStream.MoveNext());
    }

    [Fact(Timeout = Patience)]
    public async Task Answers_that_wait_for_more_leave_together()
    {
        await using var server = await Serve(new ScriptedService
        {
            ServerStreaming = async (_, answers, _) =>
            {
                answers.WriteOptions = new WriteOptions(WriteFlags.BufferHint);
                for (var i = 0; i < 1000; i++)
                {
                    await answers.WriteAsync(Sized(i));
                }
            },
        });
        using var call = new TestService.TestServiceClient(server.Channel).StreamingOutputCall(new StreamingOutputCallRequest());

        Assert.Equal(1000, await call.ResponseStream.ReadAllAsync().CountAsync());
    }

    [Fact(Timeout = Patience)]
    public async Task A_stream_without_answers_ends_well()
    {
        await using var server = await Serve(new ScriptedService());
        using var call = new TestService.TestServiceClient(server.Channel).StreamingOutputCall(new StreamingOutputCallRequest());

        Assert.False(await call.ResponseStream.MoveNext());
        Assert.Equal(Status.DefaultSuccess, call.GetStatus());
    }

    [Fact(Timeout = Patience)]
    public async Task A_fault_behind_some_answers_reaches_the_caller_behind_them()
    {
        await using var server = await Serve(new ScriptedService
        {
            ServerStreaming = async (_, answers, _) =>
            {
                await answers.WriteAsync(Sized(7));
                throw new RpcException(new Status(StatusCode.DataLoss, "the rest is gone"), new Metadata { { "lost", "all" } });
            },
        });
        using var call = new TestService.TestServiceClient(server.Channel).StreamingOutputCall(new StreamingOutputCallRequest());

        Assert.True(await call.ResponseStream.MoveNext());
        var thrown = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());

        Assert.Equal(new Status(StatusCode.DataLoss, "the rest is gone"), thrown.Status);
        Assert.Equal("all", thrown.Trailers.GetValue("lost"));
    }

    [Fact(Timeout = Patience)]
    public async Task A_slow_reader_holds_the_writer_up()
    {
        var written = 0;
        var ended = new TaskCompletionSource();
        await using var server = await Serve(new ScriptedService
        {
            ServerStreaming = async (_, answers, _) =>
            {
                for (; written < 1_000; written++)
                {
                    await answers.WriteAsync(Sized(100_000));
                }

                ended.SetResult();
            },
        });
        using var call = new TestService.TestServiceClient(server.Channel).StreamingOutputCall(new StreamingOutputCallRequest());
        Assert.True(await call.ResponseStream.MoveNext());

        // 100 MB don't fit into what may be on the way.
        await Assert.ThrowsAsync<TimeoutException>(() => ended.Task.WaitAsync(TimeSpan.FromSeconds(1)));
        Assert.InRange(written, 1, 999);
        Assert.Equal(999, await call.ResponseStream.ReadAllAsync().CountAsync());
    }

    [Fact(Timeout = Patience)]
    public async Task Requests_are_streamed_too()
    {
        await using var server = await TestServer.ServingAsync<InteropService>();
        using var call = new TestService.TestServiceClient(server.Channel).StreamingInputCall();

        for (var size = 0; size < 100; size++)
        {
            await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = new Payload { Body = ByteString.CopyFrom(new byte[size]) } });
        }

        await call.RequestStream.CompleteAsync();
        Assert.Equal(4950, (await call).AggregatedPayloadSize);
    }

    [Fact(Timeout = Patience)]
    public async Task Questions_and_answers_alternate()
    {
        await using var server = await TestServer.ServingAsync<InteropService>();
        using var call = new TestService.TestServiceClient(server.Channel).FullDuplexCall();

        foreach (var size in new[] { 31_415, 9, 2_653, 58_979 })
        {
            await call.RequestStream.WriteAsync(new StreamingOutputCallRequest { ResponseParameters = { new ResponseParameters { Size = size } } });
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal(size, call.ResponseStream.Current.Payload.Body.Length);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
    }

    [Fact(Timeout = Patience)]
    public async Task A_server_may_end_before_the_requests_do()
    {
        await using var server = await Serve(new ScriptedService
        {
            Duplex = async (requests, answers, _) =>
            {
                Assert.True(await requests.MoveNext());
                await answers.WriteAsync(Sized(1));
                throw new RpcException(new Status(StatusCode.OutOfRange, "enough"));
            },
        });
        using var call = new TestService.TestServiceClient(server.Channel).FullDuplexCall();
        await call.RequestStream.WriteAsync(new StreamingOutputCallRequest());
        Assert.True(await call.ResponseStream.MoveNext());

        var thrown = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());

        Assert.Equal(new Status(StatusCode.OutOfRange, "enough"), thrown.Status);
        Assert.Equal(thrown.Status, (await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(new StreamingOutputCallRequest()))).Status);
    }

    [Fact(Timeout = Patience)]
    public async Task A_handler_that_writes_without_waiting_is_stopped()
    {
        var refusal = new TaskCompletionSource<Exception>();
        await using var server = await Serve(new ScriptedService
        {
            ServerStreaming = async (_, answers, _) =>
            {
                var writing = Task.CompletedTask;
                while (!refusal.Task.IsCompleted)
                {
                    try
                    {
                        writing = answers.WriteAsync(Sized(1_000_000)); // Nobody reads, so this has to wait soon.
                    }
                    catch (InvalidOperationException exception)
                    {
                        refusal.SetResult(exception);
                    }
                }

                await writing;
            },
        });
        using var call = new TestService.TestServiceClient(server.Channel).StreamingOutputCall(new StreamingOutputCallRequest());

        Assert.Contains("await", (await refusal.Task).Message, StringComparison.Ordinal);
        Assert.NotEqual(0, await call.ResponseStream.ReadAllAsync().CountAsync());
    }

    private static StreamingOutputCallResponse Sized(int size) => new() { Payload = new Payload { Body = ByteString.CopyFrom(new byte[size]) } };

    private static Task<TestServer> Serve(ScriptedService service) =>
        TestServer.ServingAsync<ScriptedService>(services => services.AddSingleton(service));
}
