using System.Text.Json;
using Grpc.Core;
using Tally.AppHost.Commands;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Proof;

namespace Tally.AppHost.Tests.Commands;

public sealed class JsonShapeTests : IDisposable
{
    private static readonly Dictionary<string, ComponentAnswer> Components = new(StringComparer.Ordinal)
    {
        ["librdkafka"] = new ComponentAnswer("2.15.1", "npm", Pid: null, "loaded", new Dictionary<string, string>(StringComparer.Ordinal)),
    };

    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public void Dispose()
    {
        _out.Dispose();
        _error.Dispose();
    }

    [Fact]
    public void A_failure_is_one_object_with_a_code_and_a_message()
    {
        var failure = CommandException.Of(new RpcException(new Status(StatusCode.InvalidArgument, "a is 'abc'.")));

        Json().Failure(failure);

        Assert.Equal("""{"ok":false,"error":{"code":"INVALID_ARGUMENT","message":"a is 'abc'."}}""" + "\n", _out.ToString());
        Assert.Empty(_error.ToString());
    }

    [Fact]
    public void Log_lines_of_a_failure_go_to_standard_error()
    {
        Json().Failure(new CommandException("COMPONENT_FAILED", "kafka ended.", 3) { LogLines = ["out of memory"] });

        Assert.Equal("COMPONENT_FAILED", Read().GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("  out of memory\n", _error.ToString());
    }

    [Fact]
    public void There_is_one_object_also_when_it_fails_after_its_answer()
    {
        var output = Json();
        output.Answer(new DoneAnswer(Ok: true, "ready"), Answers.Readable.DoneAnswer, _ => { });
        output.Failure(CommandException.Unavailable("It gave up."));

        Assert.Equal("{\"ok\":true,\"message\":\"ready\"}\n", _out.ToString());
    }

    [Fact]
    public void People_see_the_code_of_a_call_that_failed()
    {
        new TextOutput(NewTerminal()).Failure(CommandException.Of(new RpcException(new Status(StatusCode.Unavailable, "no database")), " Try again."));

        Assert.Equal("UNAVAILABLE: no database Try again.\n", _error.ToString());
    }

    [Fact]
    public void A_failure_for_people_is_a_line_on_standard_error()
    {
        new TextOutput(NewTerminal()).Failure(CommandException.NotRunning("run ./tally up"));

        Assert.Equal(("", "run ./tally up\n"), (_out.ToString(), _error.ToString()));
    }

    [Fact]
    public void An_add_without_waiting_has_no_total()
    {
        Json().Answer(new AddAnswer(Ok: true, Error: null, "42", 3, 1732, 7, Total: null, Count: null), Answers.Readable.AddAnswer, _ => { });

        Assert.Equal("""{"ok":true,"result":"42","shard":3,"epoch":1732,"sequence":7}""" + "\n", _out.ToString());
    }

    [Fact]
    public void A_proof_has_counts_as_numbers_and_sums_as_strings()
    {
        var report = Report(new Books(new Figure(2, Units(5)), Unknown: 1, Refused: 0, Wrong: 0), []);

        Assert.Equal(0, report.Tell(Json()));

        var answer = Read();
        Assert.Equal(
            ["ok", "accepted", "stored", "published", "applied", "unknown", "duplicates_suppressed", "gaps", "quarantined", "seconds", "seed", "components"],
            answer.EnumerateObject().Select(property => property.Name));
        Assert.True(answer.GetProperty("ok").GetBoolean());
        Assert.Equal("""{"count":2,"sum":"0.000000005"}""", answer.GetProperty("accepted").GetRawText());
        Assert.Equal("""{"count":3,"sum":"42.5"}""", answer.GetProperty("stored").GetRawText());
        Assert.Equal(1.235, answer.GetProperty("seconds").GetDouble());
        Assert.Equal(
            """{"librdkafka":{"version":"2.15.1","source":"npm","pid":null,"state":"loaded","endpoints":{}}}""",
            answer.GetProperty("components").GetRawText());
    }

    [Fact]
    public void A_proof_without_callers_has_neither_accepted_nor_unknown()
    {
        Report(books: null, []).Tell(Json());

        var answer = Read();
        Assert.False(answer.TryGetProperty("accepted", out _));
        Assert.False(answer.TryGetProperty("unknown", out _));
        Assert.False(answer.TryGetProperty("error", out _));
    }

    [Fact]
    public void A_failed_proof_has_all_figures_and_says_what_is_wrong()
    {
        Assert.Equal(1, Report(books: null, ["Shard 1: 2 missing."]).Tell(Json()));

        var answer = Read();
        Assert.False(answer.GetProperty("ok").GetBoolean());
        Assert.Equal("PROOF_FAILED", answer.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("Shard 1: 2 missing.", answer.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal(3, answer.GetProperty("applied").GetProperty("count").GetInt64());
        Assert.Empty(_error.ToString());
    }

    [Fact]
    public void A_proof_for_people_is_a_plain_table_where_it_is_piped()
    {
        Report(new Books(new Figure(3, Units(42_500_000_000)), 0, 0, 0), []).Tell(new TextOutput(NewTerminal()));

        Assert.StartsWith(
            """
            place      results   sum  what it is
            accepted         3  42.5  callers were answered OK
            stored           3  42.5  committed in the outbox
            published        3  42.5  acknowledged by Kafka
            applied          3  42.5  in the running total

            """,
            _out.ToString(),
            StringComparison.Ordinal);
        Assert.EndsWith("PROVED: nothing lost, nothing doubled.\n", _out.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\e', _out.ToString());
    }

    [Fact]
    public void What_was_trimmed_is_told_when_there_is_any()
    {
        var report = Report(books: null, []);
        var shard = report.Evidence.Shards[0] with { Trimmed = new Figure(2, Units(40_000_000_000)) };
        report = report with { Evidence = new Evidence([shard]) };

        report.Tell(Json());
        Assert.Equal("""{"count":2,"sum":"40"}""", Read().GetProperty("trimmed").GetRawText());

        report.Tell(new TextOutput(NewTerminal()));
        Assert.Contains("trimmed          2    40  of that, dropped by retention", _out.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StatusCode.InvalidArgument, "INVALID_ARGUMENT")]
    [InlineData(StatusCode.OutOfRange, "OUT_OF_RANGE")]
    [InlineData(StatusCode.DeadlineExceeded, "DEADLINE_EXCEEDED")]
    [InlineData(StatusCode.Unavailable, "UNAVAILABLE")]
    [InlineData(StatusCode.Cancelled, "CANCELLED")]
    [InlineData(StatusCode.OK, "OK")]
    public void Codes_are_written_as_gRPC_writes_them(StatusCode code, string expected) => Assert.Equal(expected, GrpcCodes.NameOf(code));

    private static Amount Units(long units) => Amount.FromUnits(units);

    private static ProofReport Report(Books? books, IReadOnlyList<string> problems)
    {
        var figure = new Figure(3, Units(42_500_000_000));
        return new ProofReport(new Evidence([new ShardEvidence(0, 3) { Stored = figure, Published = figure, Applied = figure }]), books, problems)
        {
            Seconds = 1.23456,
            Seed = books is null ? null : 7,
            Components = Components,
        };
    }

    private JsonOutput Json() => new(NewTerminal());

    private Terminal NewTerminal() => new(() => TextReader.Null, _out, _error);

    private JsonElement Read() => JsonDocument.Parse(_out.ToString()).RootElement;
}
