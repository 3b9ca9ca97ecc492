using Grpc.Core;
using Tally.AppHost.Commands.Demo;
using Tally.AppHost.Proof;
using Tally.Contracts.V1;

namespace Tally.AppHost.Tests.Commands;

public sealed class DemoTests
{
    [Fact]
    public void The_same_seed_gives_the_same_numbers()
    {
        var first = Enumerable.Range(0, 1_000).Select(call => new RandomSums(7).At(call));
        var again = Enumerable.Range(0, 1_000).Select(call => new RandomSums(7).At(call));

        Assert.Equal(first, again);
        Assert.NotEqual(new RandomSums(7).At(0), new RandomSums(8).At(0));
    }

    [Fact]
    public void The_numbers_are_a_fine_mix_and_never_too_large()
    {
        var sums = Enumerable.Range(0, 10_000).Select(call => new RandomSums(-1).At(call)).ToArray();
        var texts = sums.SelectMany(sum => new[] { sum.A, sum.B }).ToArray();

        Assert.All(sums, sum => Assert.True(sum.Sum.FitsAmount));
        Assert.All(texts, text => Assert.True(Amount.TryParse(text, out _), text));
        Assert.Contains(texts, text => text.StartsWith('-'));
        Assert.Contains(texts, text => !text.Contains('.', StringComparison.Ordinal));
        Assert.Equal(Enumerable.Range(1, 9), texts.Select(FractionDigits).Where(digits => digits > 0).Distinct().Order());
        Assert.True(texts.Distinct(StringComparer.Ordinal).Count() > 15_000);

        static int FractionDigits(string text) => text.IndexOf('.', StringComparison.Ordinal) is >= 0 and var at ? text.Length - at - 1 : 0;
    }

    [Fact]
    public async Task Work_is_handed_out_once()
    {
        var work = new DemoWork(new RandomSums(1), 3);
        var taken = new List<NumberedSum>();
        while (await work.TakeAsync(CancellationToken.None) is { } call)
        {
            taken.Add(call);
        }

        Assert.Equal(Enumerable.Range(0, 3).Select(call => new NumberedSum(call, new RandomSums(1).At(call))), taken);
        Assert.Null(await work.TakeAsync(CancellationToken.None));
    }

    [Fact]
    public void A_caller_books_what_it_was_promised()
    {
        var books = new CallerBooks();

        books.Accept(Sum("40", "2"), Reply("42", shard: 1, epoch: 5, sequence: 9));
        books.Accept(Sum("-0.5", "0.25"), Reply("-0.25", shard: 1, epoch: 4, sequence: 8));
        books.Accept(Sum("1", "1"), Reply("2", shard: 2, epoch: 5, sequence: 1));
        books.Fail(mayBeStored: true, "UNAVAILABLE");

        Assert.Equal(new Figure(3, Value("43.75")), books.Books.Accepted);
        Assert.Equal((1, 0, 0), (books.Books.Unknown, books.Books.Refused, books.Books.Wrong));
        Assert.Equal([(1, 5, 9), (2, 5, 1)], books.LastPositions.Select(at => (at.Shard, at.Epoch, at.Sequence)).Order());
    }

    [Fact]
    public void A_wrong_answer_is_noticed()
    {
        var books = new CallerBooks();

        books.Accept(Sum("40", "2"), Reply("43", shard: 0, epoch: 1, sequence: 1));

        Assert.Equal(1, books.Books.Wrong);
        Assert.Equal("40 + 2 was answered with 43.", books.FirstFailure);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, CallOutcome.TryAgain)]
    [InlineData(StatusCode.ResourceExhausted, CallOutcome.TryAgain)]
    [InlineData(StatusCode.DeadlineExceeded, CallOutcome.TryAgain)]
    [InlineData(StatusCode.InvalidArgument, CallOutcome.Refused)]
    [InlineData(StatusCode.OutOfRange, CallOutcome.Refused)]
    [InlineData(StatusCode.Unimplemented, CallOutcome.Refused)]
    public void With_the_word_that_nothing_was_stored_a_call_is_sent_again_or_refused(StatusCode code, object expected) =>
        Assert.Equal(expected, CallOutcomes.Of(new RpcException(new Status(code, ""), [new Metadata.Entry("tally-stored", "no")])));

    [Theory]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.DeadlineExceeded)]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.InvalidArgument)]
    public void Without_that_word_a_failed_call_may_have_been_stored(StatusCode code) =>
        Assert.Equal(CallOutcome.Unknown, CallOutcomes.Of(new RpcException(new Status(code, ""))));

    [Theory]
    [InlineData(HttpRequestError.ConnectionError, CallOutcome.TryAgain)]
    [InlineData(HttpRequestError.NameResolutionError, CallOutcome.TryAgain)]
    [InlineData(HttpRequestError.ResponseEnded, CallOutcome.Unknown)]
    [InlineData(HttpRequestError.Unknown, CallOutcome.Unknown)]
    public void Without_a_connection_nothing_was_sent(HttpRequestError error, object expected)
    {
        var failure = new RpcException(new Status(StatusCode.Unavailable, "", new HttpRequestException(error)));

        Assert.Equal(expected, CallOutcomes.Of(failure));
    }

    private static RandomSum Sum(string a, string b) => new(a, b, Value(a) + Value(b));

    private static Amount Value(string text)
    {
        Assert.True(Amount.TryParse(text, out var value));
        return value;
    }

    private static AddReply Reply(string result, int shard, long epoch, long sequence) =>
        new() { Result = result, Position = new Position { Shard = shard, Epoch = epoch, Sequence = sequence } };
}
