using System.Diagnostics;
using Grpc.Core;
using Grpc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tally.Grpc.Tests.Support;

namespace Tally.Grpc.Tests;

/// <summary>The server is asked by plain HTTP here: a client would notice the deadline by itself.</summary>
public class DeadlineTests
{
    private const int Patience = 60_000;
    private readonly TaskCompletionSource _never = new();

    [Fact(Timeout = Patience)]
    public async Task The_answer_comes_on_time_although_the_handler_goes_on()
    {
        await using var server = await Serve(new ScriptedService
        {
            Unary = async (_, _) =>
            {
                await _never.Task;
                return new SimpleResponse();
            },
        });
        var clock = Stopwatch.StartNew();

        var answer = await server.Http.PostAsync(RawCall.Empty, headers: ("grpc-timeout", "200m"));

        Assert.Equal("4", answer.Status);
        Assert.InRange(clock.Elapsed, TimeSpan.FromMilliseconds(150), TimeSpan.FromSeconds(5));
        _never.SetResult();
    }

    [Fact(Timeout = Patience)]
    public async Task A_handler_that_blocks_its_thread_does_not_hold_up_the_answer()
    {
        using var release = new ManualResetEventSlim();
        await using var server = await Serve(new ScriptedService
        {
            Unary = (_, _) =>
            {
                release.Wait();
                return Task.FromResult(new SimpleResponse());
            },
        });

        Assert.Equal("4", (await server.Http.PostAsync(RawCall.Empty, headers: ("grpc-timeout", "200m"))).Status);
        release.Set();
    }

    [Fact(Timeout = Patience)]
    public async Task A_handler_is_told_by_its_token()
    {
        var told = new TaskCompletionSource<bool>();
        await using var server = await Serve(new ScriptedService
        {
            Unary = async (_, context) =>
            {
                try
                {
                    await _never.Task.WaitAsync(context.CancellationToken);
                }
                finally
                {
                    told.SetResult(context.CancellationToken.IsCancellationRequested);
                }

                return new SimpleResponse();
            },
        });

        Assert.Equal("4", (await server.Http.PostAsync(RawCall.Empty, headers: ("grpc-timeout", "100m"))).Status);
        Assert.True(await told.Task);
        Assert.DoesNotContain(server.Logs.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    [Fact(Timeout = Patience)]
    public async Task A_token_that_is_asked_for_late_has_fired()
    {
        var fired = new TaskCompletionSource<bool>();
        await using var server = await Serve(new ScriptedService
        {
            Unary = async (_, context) =>
            {
                await _never.Task;
                fired.SetResult(context.CancellationToken.IsCancellationRequested);
                return new SimpleResponse();
            },
        });

        await server.Http.PostAsync(RawCall.Empty, headers: ("grpc-timeout", "50m"));
        _never.SetResult();

        Assert.True(await fired.Task);
    }

    [Fact(Timeout = Patience)]
    public async Task What_a_handler_throws_too_late_is_logged_and_nothing_else()
    {
        await using var server = await Serve(new ScriptedService
        {
            Unary = async (_, _) =>
            {
                await _never.Task;
                throw new InvalidDataException("too late");
            },
        });

        Assert.Equal("4", (await server.Http.PostAsync(RawCall.Empty, headers: ("grpc-timeout", "50m"))).Status);
        _never.SetResult();

        var logged = await server.Logs.FirstAsync(entry => entry.Level >= LogLevel.Warning);
        Assert.Equal("too late", logged.Exception?.Message);
    }

    [Fact(Timeout = Patience)]
    public async Task A_stream_is_cut_off_on_time_behind_what_was_sent()
    {
        await using var server = await Serve(new ScriptedService
        {
            ServerStreaming = async (_, answers, context) =>
            {
                await answers.WriteAsync(new StreamingOutputCallResponse());
                await _never.Task.WaitAsync(context.CancellationToken);
            },
        });

        var answer = await server.Http.PostAsync(
            RawCall.Empty, "/grpc.testing.TestService/StreamingOutputCall", headers: ("grpc-timeout", "200m"));

        Assert.Equal(RawCall.Empty, answer.Body);
        Assert.Equal("4", answer.Trailers["grpc-status"]);
    }

    [Fact(Timeout = Patience)]
    public async Task A_handler_that_streams_without_looking_up_is_stopped()
    {
        var stopped = new TaskCompletionSource<Exception>();
        await using var server = await Serve(new ScriptedService
        {
            ServerStreaming = async (_, answers, _) =>
            {
                try
                {
                    while (true)
                    {
                        await answers.WriteAsync(new StreamingOutputCallResponse());
                    }
                }
                catch (Exception exception)
                {
                    stopped.SetResult(exception);
                    throw;
                }
            },
        });

        var answer = await server.Http.PostAsync(
            RawCall.Empty, "/grpc.testing.TestService/StreamingOutputCall", headers: ("grpc-timeout", "100m"));

        Assert.Equal("4", answer.Status);
        Assert.IsAssignableFrom<OperationCanceledException>(await stopped.Task);
    }

    [Fact(Timeout = Patience)]
    public async Task A_request_that_never_comes_whole_is_given_up_on_time()
    {
        await using var server = await TestServer.ServingAsync<InteropService>();
        using var call = new TestService.TestServiceClient(server.Channel).StreamingInputCall(deadline: DateTime.UtcNow.AddMilliseconds(200));

        var thrown = await Assert.ThrowsAsync<RpcException>(async () => await call);

        Assert.Equal(StatusCode.DeadlineExceeded, thrown.StatusCode);
    }

    [Fact(Timeout = Patience)]
    public async Task A_handler_knows_how_long_it_has()
    {
        var deadline = new TaskCompletionSource<DateTime>();
        await using var server = await Serve(new ScriptedService
        {
            Unary = (_, context) =>
            {
                deadline.SetResult(context.Deadline);
                return Task.FromResult(new SimpleResponse());
            },
        });
        var wanted = DateTime.UtcNow.AddSeconds(20);

        await new TestService.TestServiceClient(server.Channel).UnaryCallAsync(new SimpleRequest(), deadline: wanted);

        Assert.InRange(await deadline.Task, wanted.AddSeconds(-1), wanted.AddSeconds(1));
        Assert.Equal(DateTimeKind.Utc, (await deadline.Task).Kind);
    }

    [Fact(Timeout = Patience)]
    public async Task Deadlines_and_ends_that_race_do_no_harm()
    {
        await using var server = await Serve(new ScriptedService
        {
            Unary = async (_, context) =>
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(8)), context.CancellationToken);
                return new SimpleResponse { Username = "done" };
            },
        });

        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => server.Http.PostAsync(RawCall.Empty, headers: ("grpc-timeout", "5m"))));

        Assert.All(answers, answer => Assert.True(answer.Status is "0" or "4", answer.Status));
        Assert.All(answers, answer => Assert.Equal(answer.Status == "0", answer.Body.Length > 0));
        Assert.DoesNotContain(server.Logs.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    private static Task<TestServer> Serve(ScriptedService service) =>
        TestServer.ServingAsync<ScriptedService>(services => services.AddSingleton(service));
}
