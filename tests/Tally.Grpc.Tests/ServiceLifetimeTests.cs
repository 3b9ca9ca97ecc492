using Grpc.Core;
using Grpc.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Tally.Grpc.Tests.Support;

namespace Tally.Grpc.Tests;

public class ServiceLifetimeTests
{
    private const int Patience = 60_000;

    [Fact(Timeout = Patience)]
    public async Task A_singleton_answers_all_calls() =>
        Assert.Equal(["1 0", "1 0", "1 0"], await ThreeAnswers(services => services.AddSingleton<CountingService>()));

    [Fact(Timeout = Patience)]
    public async Task A_scoped_service_answers_one_call_and_is_disposed_of() =>
        Assert.Equal(["1 0", "2 1", "3 2"], await ThreeAnswers(services => services.AddScoped<CountingService>()));

    [Fact(Timeout = Patience)]
    public async Task A_service_that_is_not_registered_is_made_and_disposed_of() =>
        Assert.Equal(["1 0", "2 1", "3 2"], await ThreeAnswers(_ => { }));

    [Fact(Timeout = Patience)]
    public async Task A_service_that_can_not_be_made_fails_its_calls()
    {
        await using var server = await TestServer.ServingAsync<CountingService>(); // There is no counter.

        Assert.Equal("2", (await server.Http.PostAsync(RawCall.Empty)).Status);
    }

    [Fact]
    public async Task What_is_no_service_is_refused_when_it_is_mapped()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(services => services.AddGrpc(), app => app.MapGrpcService<string>()));
        await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(_ => { }, app => app.MapGrpcService<InteropService>()));
    }

    private static async Task<IReadOnlyList<string>> ThreeAnswers(Action<IServiceCollection> register)
    {
        await using var server = await TestServer.ServingAsync<CountingService>(services => register(services.AddSingleton<Counter>()));
        var client = new TestService.TestServiceClient(server.Channel);
        var answers = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            answers.Add((await client.UnaryCallAsync(new SimpleRequest())).Username);
        }

        return answers;
    }

    public sealed class Counter
    {
        public int Made { get; set; }

        public int Disposed { get; set; }
    }

    public sealed class CountingService : TestService.TestServiceBase, IDisposable
    {
        private readonly Counter _counter;

        public CountingService(Counter counter)
        {
            _counter = counter;
            counter.Made++;
        }

        public override Task<SimpleResponse> UnaryCall(SimpleRequest request, ServerCallContext context) =>
            Task.FromResult(new SimpleResponse { Username = $"{_counter.Made} {_counter.Disposed}" });

        public void Dispose() => _counter.Disposed++;
    }
}
