using Grpc.Core;
using Tally.AppHost.Commands.Demo;
using Tally.Contracts.V1;
using CalculatorClient = Tally.Contracts.V1.Calculator.CalculatorClient;

namespace Tally.AppHost.Tests.Commands;

public sealed class CallerTests
{
    private static readonly CallerHabits WithoutKeys = new(KeyPrefix: null);
    private static readonly CallerHabits WithKeys = new("k-") { GiveUpAfter = TimeSpan.FromSeconds(30) };

    [Fact]
    public async Task A_call_that_was_surely_not_stored_moves_to_the_next_Calculator_and_stays_there()
    {
        var away = new ScriptedClient(_ => throw NotStored());
        var there = new ScriptedClient(Answer);

        var books = await RunAsync([away, there], WithoutKeys, calls: 3);

        Assert.Equal((3, 0, 0), (books.Books.Accepted.Count, books.Books.Unknown, books.Books.Refused));
        Assert.Equal((1, 3), (away.Requests.Count, there.Requests.Count));
    }

    [Fact]
    public async Task A_caller_comes_back_to_its_own_Calculator()
    {
        var own = new ScriptedClient(attempt => attempt == 0 ? throw NotStored() : Answer(attempt));
        var other = new ScriptedClient(Answer);

        await RunAsync([own, other], WithoutKeys with { ComeBackAfter = TimeSpan.Zero }, calls: 3);

        Assert.Equal((3, 1), (own.Requests.Count, other.Requests.Count));
    }

    [Fact]
    public async Task Without_a_key_a_call_that_may_be_stored_is_never_sent_again()
    {
        var client = new ScriptedClient(_ => throw Unknown());

        var books = await RunAsync([client], WithoutKeys, calls: 1);

        Assert.Equal((0, 1, 0), (books.Books.Accepted.Count, books.Books.Unknown, books.Books.Refused));
        Assert.Equal("", Assert.Single(client.Requests).IdempotencyKey);
    }

    [Fact]
    public async Task With_a_key_a_call_is_sent_again_with_the_same_key_until_it_is_answered()
    {
        var client = new ScriptedClient(attempt => attempt < 3 ? throw Unknown() : Answer(attempt));

        var books = await RunAsync([client], WithKeys, calls: 1);

        Assert.Equal((1, 0, 0), (books.Books.Accepted.Count, books.Books.Unknown, books.Books.Refused));
        Assert.Equal(["k-0", "k-0", "k-0", "k-0"], client.Requests.Select(request => request.IdempotencyKey));
    }

    [Fact]
    public async Task A_later_word_that_nothing_was_stored_says_nothing_of_an_attempt_before()
    {
        var client = new ScriptedClient(attempt => throw (attempt == 0 ? Unknown() : NotStored()));

        var books = await RunAsync([client], WithKeys with { GiveUpAfter = TimeSpan.FromMilliseconds(1) }, calls: 1);

        Assert.Equal((0, 1, 0), (books.Books.Accepted.Count, books.Books.Unknown, books.Books.Refused));
    }

    [Fact]
    public void Callers_are_spread_over_all_Calculators()
    {
        using var channels = new CalculatorChannels(["http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"], callers: 100);

        Assert.All(Enumerable.Range(0, 100), caller => Assert.Equal(3, channels.ClientsOf(caller).Count));
    }

    private static async Task<CallerBooks> RunAsync(IReadOnlyList<CalculatorClient> clients, CallerHabits habits, long calls)
    {
        var caller = new Caller(clients, new DemoWork(new RandomSums(1), calls), habits, TimeProvider.System);
        await caller.RunAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        return caller.Books;
    }

    private static AddReply Answer(int attempt) => new() { Result = "any", Position = new Position { Shard = 0, Epoch = 1, Sequence = attempt + 1 } };

    private static RpcException NotStored() => new(new Status(StatusCode.Unavailable, ""), [new Metadata.Entry("tally-stored", "no")]);

    private static RpcException Unknown() => new(new Status(StatusCode.Unavailable, ""));

    /// <summary>A Calculator that answers by the number of the attempt.</summary>
    private sealed class ScriptedClient(Func<int, AddReply> answer) : CalculatorClient
    {
        public List<AddRequest> Requests { get; } = [];

        public override AsyncUnaryCall<AddReply> AddAsync(
            AddRequest request, Metadata? headers = null, DateTime? deadline = null, CancellationToken cancellationToken = default)
        {
            Requests.Add(request.Clone());
            return new AsyncUnaryCall<AddReply>(
                Task.Run(() => answer(Requests.Count - 1), CancellationToken.None), Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], () => { });
        }
    }
}
