using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Commands.Watch;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Commands;

/// <summary>What <c>watch</c> says of a state.</summary>
public sealed class WatchTests
{
    private static readonly WatchedShard Shard = new(0, "ok", null, "calculator-1/4711", 12_345, 12_345, 12_345, 12_345);

    private static readonly WatchedState State = new(
        0, "totals-1", null, "42.5", 12_345, new WatchedSource(true, 12_345, 0, 0, 12_345), 0, 0, 0, new WatchedAudit(1, 0, 2.4), new WatchedDelay(3.25, 8), [Shard]);

    [Fact]
    public void All_is_well_when_all_that_was_accepted_is_counted()
    {
        Assert.Equal((true, "Nothing is lost, nothing is waiting"), WatchWords.Verdict(State));
        Assert.Equal(
            "total 42.5; 12,345 accepted, 12,345 counted, difference 0; 0 wait for Kafka, 0 wait in Kafka; 1 of 1 shards compared, no difference; 1,000 a second; "
            + "from commit to total: half within 3.3 ms, 99 of 100 within 8 ms; Nothing is lost, nothing is waiting",
            WatchWords.Line(State, 1_000));
    }

    [Fact]
    public void A_line_says_too_which_shard_stands_still_and_why_and_what_lies_in_quarantine()
    {
        var state = State with { Audit = null, Quarantined = 2, Shards = [Shard with { Shard = 3, State = "gap", Reason = "sequence 12,346 is missing" }] };

        Assert.EndsWith(
            "; not compared with the outbox now; 1,000 a second; from commit to total: half within 3.3 ms, 99 of 100 within 8 ms; "
            + "A shard stands still; shard 3: gap: sequence 12,346 is missing; 2 in quarantine: ./tally quarantine list",
            WatchWords.Line(state, 1_000),
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_on_its_way_is_not_lost()
    {
        var state = State with { Source = new WatchedSource(true, 12_400, 5, 50, 12_345) };

        Assert.Equal((true, "Nothing is lost; some are on their way"), WatchWords.Verdict(state));
        Assert.Equal("12,400 accepted, 12,345 counted, 55 on their way, difference 0", WatchWords.Completeness(state));
    }

    [Fact]
    public void What_is_wrong_comes_before_all_else()
    {
        var wrong = State with { Source = null, Shards = [Shard with { Results = 12_344 }] };
        Assert.Equal((false, "The total is wrong: run ./tally verify"), WatchWords.Verdict(wrong));
        Assert.Equal("12,345 counted, difference 1", WatchWords.Completeness(wrong));

        var differs = State with { Audit = new WatchedAudit(1, 1, 3) };
        Assert.Equal((false, "The total is wrong: run ./tally verify"), WatchWords.Verdict(differs));
        Assert.Equal("1 shard compared with the outbox 3 s ago: 1 differs", WatchWords.Audit(differs.Audit));
        Assert.Equal("12,345 accepted, 12,345 counted, 1 shard differs from the outbox", WatchWords.Completeness(differs));
        Assert.Equal((0, 1), (WatchWords.Truth(differs).Difference, WatchWords.Truth(differs).ShardsThatDiffer));
        Assert.Equal("not compared with the outbox now", WatchWords.Audit(null));

        Assert.Equal((false, "A shard stands still"), WatchWords.Verdict(State with { Shards = [Shard, Shard with { State = "fork" }] }));
        Assert.Equal((false, "the database can't be read now"), WatchWords.Verdict(State with { Trouble = "the database can't be read now" }));
        Assert.Equal((false, "Nobody can be asked what was accepted"), WatchWords.Verdict(State with { Source = null }));
        Assert.False(WatchWords.Verdict(State with { Source = State.Source! with { Answers = false } }).IsGood);
    }

    [Fact]
    public void What_nobody_compared_is_not_said_to_be_complete()
    {
        Assert.Equal((false, "Not compared with the outbox: nobody knows whether anything is lost"), WatchWords.Verdict(State with { Audit = null }));

        var partly = State with { Shards = [Shard, Shard with { Shard = 1 }] };
        Assert.Equal((false, "1 of 2 shards compared here: nothing is lost in these"), WatchWords.Verdict(partly));
        Assert.False(WatchWords.Truth(partly).Well);
        Assert.False(WatchWords.IsWrong(partly));
    }

    [Fact]
    public void Several_Totals_compare_their_own_shards_and_together_all()
    {
        var first = State with { Shards = [Shard, Shard with { Shard = 1 }] };
        var second = first with { Instance = "totals-2", Audit = new WatchedAudit(1, 0, 4) };

        var joined = WatchedState.Join([first, second])!;
        Assert.Equal((true, "Nothing is lost, nothing is waiting"), WatchWords.Verdict(joined));
        Assert.Equal("2 shards compared with the outbox 4 s ago: no difference", WatchWords.Audit(joined.Audit));

        var stuck = WatchedState.Join([first, second with { Audit = null, Shards = [Shard, Shard with { Shard = 1, State = "fork", Reason = "epoch 3 is gone" }] }])!;
        Assert.Equal((false, "A shard stands still"), WatchWords.Verdict(stuck));
        Assert.Contains("shard 1: fork: epoch 3 is gone", WatchWords.Lines(stuck));
        Assert.Null(WatchedState.Join([]));
    }

    [Fact]
    public void Status_says_it_all_in_a_few_lines()
    {
        var state = State with
        {
            Source = new WatchedSource(true, 12_400, 5, 50, 12_345),
            Quarantined = 2,
            Shards = [Shard, Shard with { Shard = 3, State = "gap", Reason = "sequence 12,346 is missing" }],
        };

        Assert.Equal(
            [
                "total 42.5; 12,400 accepted, 12,345 counted, 55 on their way, difference 0",
                "A shard stands still; 5 wait for Kafka, 50 wait in Kafka; from commit to total: half within 3.3 ms, 99 of 100 within 8 ms",
                "1 shard compared with the outbox 2 s ago: no difference",
                "shard 3: gap: sequence 12,346 is missing",
                "2 in quarantine: ./tally quarantine list",
            ],
            WatchWords.Lines(state));
        Assert.Equal(new TruthAnswer(false, "A shard stands still", "42.5", 12_345, 12_400, 5, 50, 0, 0, 2), WatchWords.Truth(state));
        Assert.Null(WatchWords.Truth(State with { Source = null }).Accepted);
    }

    [Fact]
    public void A_quarantine_of_which_nobody_knows_is_not_an_empty_one()
    {
        Assert.Null(WatchWords.Quarantine(State));
        Assert.Equal("how much lies in quarantine is unknown", WatchWords.Quarantine(State with { Quarantined = null }));
        Assert.Contains("how much lies in quarantine is unknown", WatchWords.Lines(State with { Quarantined = null }));
    }

    [Fact]
    public async Task A_terminal_shows_the_total_the_verdict_and_the_shards_and_says_when_the_page_is_lost()
    {
        await using var written = new StringWriter();

        await DrawnWatch.RunAsync(written, (show, lost) =>
        {
            show(State with { Quarantined = 2 });
            lost();
            show(State);
            return Task.CompletedTask;
        });

        var text = written.ToString();
        Assert.Contains("42.5", text, StringComparison.Ordinal);
        Assert.Contains("12,345 accepted, 12,345 counted, difference 0", text, StringComparison.Ordinal);
        Assert.Contains("✓ Nothing is lost, nothing is waiting", text, StringComparison.Ordinal);
        Assert.Contains("2 in quarantine", text, StringComparison.Ordinal);
        Assert.Contains("reconnecting …", text, StringComparison.Ordinal);
        Assert.Contains("calculator-1", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shard_is_told_with_its_owner_and_how_far_it_is_behind()
    {
        var table = WatchWords.Shards(State with { Shards = [Shard with { Committed = 12_350, State = "gap", Reason = "sequence 12,346 is missing" }] });

        Assert.Equal(["0", "gap: sequence 12,346 is missing", "calculator-1", "12,350", "12,345", "12,345", "5"], Assert.Single(table.Rows));
    }

    [Fact]
    public void A_rate_is_that_of_the_last_two_seconds()
    {
        var rate = new WatchRate();

        Assert.Null(rate.Next(0, 0));
        Assert.Equal(100, rate.Next(1_000, 100));
        Assert.Equal(100, rate.Next(2_000, 200));
        Assert.Equal(500, rate.Next(4_000, 1_200));
        Assert.Null(rate.Next(4_500, 10));
    }

    [Fact]
    public void Lines_come_once_a_second_and_only_when_something_changed()
    {
        var time = new ManualTime();
        using var written = new StringWriter();
        var watch = new PlainWatch(written, time);
        foreach (var at in Enumerable.Range(0, 8))
        {
            watch.Show(State with { At = at * 250, Count = 12_345 + (at == 0 ? 0 : 1) });
            time.Advance(TimeSpan.FromMilliseconds(250));
        }

        watch.Lost();
        watch.Lost();

        var lines = written.ToString().TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Equal("no word from Totals; reconnecting …", lines[^1]);
    }

    [Fact]
    public async Task A_Totals_that_says_nothing_any_more_is_taken_for_gone_within_seconds()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        await using var frozen = builder.Build();
        frozen.MapGet("/api/live", async http =>
        {
            http.Response.ContentType = "text/event-stream";
            var state = JsonSerializer.Serialize(State, WatchedJson.Default.WatchedState);
            await http.Response.WriteAsync($"data: {state}\n\n", http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        await frozen.StartAsync();
        using var client = new HttpClient();
        List<WatchedState> seen = [];

        await Assert.ThrowsAsync<IOException>(async () =>
        {
            await foreach (var state in WatchedStates.ReadAsync(client, new Uri(frozen.Urls.Single()), default))
            {
                seen.Add(state);
            }
        }).Within(WatchedStates.Silence * 5);

        Assert.Equal("42.5", Assert.Single(seen).Total);
    }
}
