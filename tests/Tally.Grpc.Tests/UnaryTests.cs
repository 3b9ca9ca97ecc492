using Google.Protobuf;
using Grpc.Core;
using Grpc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tally.Grpc.Tests.Support;

namespace Tally.Grpc.Tests;

public class UnaryTests
{
    private const int Patience = 60_000;

    [Theory(Timeout = Patience)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    [InlineData(4_000_000)]
    public async Task Messages_of_all_sizes_go_there_and_back(int size)
    {
        await using var server = await Serve((request, _) => Task.FromResult(new SimpleResponse { Payload = request.Payload }));
        var client = new TestService.TestServiceClient(server.Channel);
        var body = new byte[size];
        new Random(size).NextBytes(body);

        var answer = await client.UnaryCallAsync(new SimpleRequest { Payload = new Payload { Body = ByteString.CopyFrom(body) } });

        Assert.True(body.AsSpan().SequenceEqual(answer.Payload.Body.Span));
    }

    [Fact(Timeout = Patience)]
    public async Task A_blocking_call_works_too()
    {
        await using var server = await Serve((_, _) => Task.FromResult(new SimpleResponse { Username = "somebody" }));

        var answer = await Task.Run(() => new TestService.TestServiceClient(server.Channel).UnaryCall(new SimpleRequest()));

        Assert.Equal("somebody", answer.Username);
    }

    [Fact(Timeout = Patience)]
    public async Task Many_calls_at_once_get_their_own_answers()
    {
        await using var server = await Serve(async (request, _) =>
        {
            await Task.Yield();
            return new SimpleResponse { Username = request.ResponseSize.ToString() };
        });
        var client = new TestService.TestServiceClient(server.Channel);

        var calls = Enumerable.Range(0, 1_000).Select(async number =>
            (number, answer: await client.UnaryCallAsync(new SimpleRequest { ResponseSize = number })));

        Assert.All(await Task.WhenAll(calls), call => Assert.Equal(call.number.ToString(), call.answer.Username));
    }

    [Fact(Timeout = Patience)]
    public async Task A_thrown_status_arrives_with_its_text_and_trailers()
    {
        var details = new byte[] { 8, 9, 18, 0, 255 };
        await using var server = await Serve((_, context) =>
        {
            context.ResponseTrailers.Add("set-before", "yes");
            throw new RpcException(
                new Status(StatusCode.FailedPrecondition, "nicht möglich: 100% ☺\n"),
                new Metadata { { "tally-stored", "no" }, { "grpc-status-details-bin", details } });
        });
        var client = new TestService.TestServiceClient(server.Channel);

        var thrown = await Assert.ThrowsAsync<RpcException>(async () => await client.UnaryCallAsync(new SimpleRequest()));

        Assert.Equal(new Status(StatusCode.FailedPrecondition, "nicht möglich: 100% ☺\n"), thrown.Status);
        Assert.Equal("yes", thrown.Trailers.GetValue("set-before"));
        Assert.Equal("no", thrown.Trailers.GetValue("tally-stored"));
        Assert.Equal(details, thrown.Trailers.GetValueBytes("grpc-status-details-bin"));
        Assert.DoesNotContain(server.Logs.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    [Fact(Timeout = Patience)]
    public async Task An_exception_becomes_unknown_and_its_text_stays_at_home()
    {
        await using var server = await Serve((_, _) => throw new InvalidDataException("the password is 12345"));
        var client = new TestService.TestServiceClient(server.Channel);

        var thrown = await Assert.ThrowsAsync<RpcException>(async () => await client.UnaryCallAsync(new SimpleRequest()));

        Assert.Equal(StatusCode.Unknown, thrown.StatusCode);
        Assert.DoesNotContain("12345", thrown.ToString(), StringComparison.Ordinal);
        var logged = Assert.Single(server.Logs.Entries, entry => entry.Level >= LogLevel.Warning);
        Assert.Equal((LogLevel.Error, "the password is 12345"), (logged.Level, logged.Exception?.Message));
    }

    [Fact(Timeout = Patience)]
    public async Task Headers_and_trailers_travel_both_ways()
    {
        await using var server = await Serve(async (_, context) =>
        {
            var sent = context.RequestHeaders;
            await context.WriteResponseHeadersAsync(new Metadata { { "early", sent.GetValue("word")! }, { "early-bin", sent.GetValueBytes("bytes-bin")! } });
            context.ResponseTrailers.Add("late", "trailer");
            context.ResponseTrailers.Add("late-bin", [1, 2, 3]);
            return new SimpleResponse { Username = string.Join(' ', sent.Select(entry => entry.Key).Order(StringComparer.Ordinal)) };
        });
        var client = new TestService.TestServiceClient(server.Channel);

        using var call = client.UnaryCallAsync(new SimpleRequest(), new Metadata { { "word", "hello" }, { "bytes-bin", [0, 255, 7] } });
        var headers = await call.ResponseHeadersAsync;

        Assert.Equal("hello", headers.GetValue("early"));
        Assert.Equal([0, 255, 7], headers.GetValueBytes("early-bin"));
        Assert.Equal("bytes-bin word", (await call).Username);
        Assert.Equal("trailer", call.GetTrailers().GetValue("late"));
        Assert.Equal([1, 2, 3], call.GetTrailers().GetValueBytes("late-bin"));
        Assert.Equal(Status.DefaultSuccess, call.GetStatus());
    }

    [Fact(Timeout = Patience)]
    public async Task A_status_that_is_set_instead_of_thrown_is_sent()
    {
        await using var server = await Serve((_, context) =>
        {
            context.Status = new Status(StatusCode.NotFound, "nothing here");
            return Task.FromResult(new SimpleResponse());
        });

        var thrown = await Assert.ThrowsAsync<RpcException>(async () =>
            await new TestService.TestServiceClient(server.Channel).UnaryCallAsync(new SimpleRequest()));

        Assert.Equal(new Status(StatusCode.NotFound, "nothing here"), thrown.Status);
    }

    [Fact(Timeout = Patience)]
    public async Task A_handler_sees_who_calls_what()
    {
        await using var server = await Serve((_, context) =>
            Task.FromResult(new SimpleResponse { Username = $"{context.Method} {context.Host} {context.Peer} {context.Deadline == DateTime.MaxValue}" }));

        var answer = await new TestService.TestServiceClient(server.Channel).UnaryCallAsync(new SimpleRequest());

        Assert.Matches($"^/grpc.testing.TestService/UnaryCall {server.Authority} ipv4:127\\.0\\.0\\.1:\\d+ True$", answer.Username);
    }

    [Fact(Timeout = Patience)]
    public async Task A_handler_that_returns_nothing_is_a_fault()
    {
        await using var server = await Serve((_, _) => Task.FromResult<SimpleResponse>(null!));

        var thrown = await Assert.ThrowsAsync<RpcException>(async () =>
            await new TestService.TestServiceClient(server.Channel).UnaryCallAsync(new SimpleRequest()));

        Assert.Equal(StatusCode.Internal, thrown.StatusCode);
    }

    [Fact(Timeout = Patience)]
    public async Task A_trailer_that_can_not_be_sent_fails_the_call_and_is_logged()
    {
        await using var server = await Serve((_, context) =>
        {
            context.ResponseTrailers.Add("broken", "line\nbreak");
            return Task.FromResult(new SimpleResponse());
        });

        var thrown = await Assert.ThrowsAsync<RpcException>(async () =>
            await new TestService.TestServiceClient(server.Channel).UnaryCallAsync(new SimpleRequest()));

        Assert.Equal(StatusCode.Internal, thrown.StatusCode);
        Assert.Single(server.Logs.Entries, entry => entry.Level == LogLevel.Error);
    }

    private static Task<TestServer> Serve(Func<SimpleRequest, ServerCallContext, Task<SimpleResponse>> handler) =>
        TestServer.ServingAsync<ScriptedService>(services => services.AddSingleton(new ScriptedService { Unary = handler }));
}
