using Grpc.Net.Client;
using Tally.AppHost.Commands;
using Tally.AppHost.Commands.Demo;
using Tally.AppHost.Commands.Load;
using Tally.AppHost.Hosting;
using Tally.AppHost.Proof;
using Tally.AppHost.Tests.Chaos;
using Tally.AppHost.Tests.Support;
using Tally.Contracts.V1;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Load;

/// <summary>A connection that asks for as much as it can get takes little from those that ask for little.</summary>
[Collection(nameof(WholeSystems))]
public sealed class FairnessTests
{
    private const int Polite = 50;
    private const int PoliteRate = 100;
    private const int GreedyCallers = 3_000;
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [KafkaFact]
    public async Task One_greedy_connection_does_not_starve_fifty_polite_ones()
    {
        await using var whole = await WholeSystem.StartAsync(settings => settings with { Postgres = null });
        await SlowCommits.BeginAsync(whole, TimeSpan.FromMilliseconds(20));
        var address = whole.System.AddressesOf(ServiceNames.Calculator, ComponentNames.Grpc)[0];
        var polite = new OpenModelCallers([address], CallerHabits.New());
        await AskPolitelyAsync();

        var alone = await AskPolitelyAsync();
        using var stop = new CancellationTokenSource();
        var greedy = AskGreedilyAsync(address, stop.Token);
        var beside = await AskPolitelyAsync();
        await stop.CancelAsync();
        var taken = await greedy.Within(Patience);

        Assert.True(taken.Accepted.Count > 5 * beside.Answered, $"The greedy connection had {taken.Accepted.Count} answers: it isn't greedy.");
        Assert.Equal((0, 0), (beside.Failed, beside.NotBegun));
        Assert.True(beside.Latency.P99 <= 5 * alone.Latency.P99, $"p99 was {alone.Latency.P99.TotalMilliseconds:0} ms, and {beside.Latency.P99.TotalMilliseconds:0} ms beside a greedy connection.");
        await whole.ProveAsync(polite.Books + taken, Patience);

        // A call now and then, on many connections.
        async Task<LoadStep> AskPolitelyAsync() => (await polite.RunAsync(Polite, perConnection: 1, new LoadStage(PoliteRate, PoliteRate, Length))).Single();
    }

    /// <summary>Thousands of calls under way, on one connection.</summary>
    private static async Task<Books> AskGreedilyAsync(string address, CancellationToken stopping)
    {
        using var http = new SocketsHttpHandler { EnableMultipleHttp2Connections = false };
        using var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = http });
        var client = new Calculator.CalculatorClient(channel);
        var answers = await Task.WhenAll(Enumerable.Range(0, GreedyCallers).Select(async _ =>
        {
            var count = 0L;
            for (; !stopping.IsCancellationRequested; count++)
            {
                await client.AddAsync(new AddRequest { A = "0", B = "0" }, cancellationToken: CancellationToken.None);
            }

            return count;
        }));
        return new Books { Accepted = new Figure(answers.Sum(), default) };
    }
}
