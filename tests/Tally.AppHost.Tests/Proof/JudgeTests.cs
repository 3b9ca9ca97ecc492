using Tally.AppHost.Proof;

namespace Tally.AppHost.Tests.Proof;

public sealed class JudgeTests
{
    [Fact]
    public void Equal_figures_everywhere_are_a_proof() => Assert.Empty(Judge.ProblemsOf(Sound(), Books(5)));

    [Fact]
    public void An_empty_system_is_proved() => Assert.Empty(Judge.ProblemsOf(new Evidence([new ShardEvidence(0, 0)]), Books(0)));

    [Fact]
    public void A_hole_in_the_outbox_is_named() => AssertProblems(
        With(shard => shard with { Stored = Of(2), Published = Of(2), Applied = Of(2) }),
        "Shard 1: the outbox holds 2 of 3 results (1 missing).");

    [Fact]
    public void What_Kafka_lacks_is_named() => AssertProblems(
        With(shard => shard with { Published = Of(1) }),
        "Shard 1: Kafka acknowledged 1 results, 3 are stored (2 missing).");

    [Fact]
    public void What_the_total_lacks_is_named() => AssertProblems(
        With(shard => shard with { Applied = Of(2) }),
        "Shard 1: the total holds 2 results, 3 are stored (1 missing).");

    [Fact]
    public void What_the_total_has_twice_is_named() => AssertProblems(
        With(shard => shard with { Applied = Of(4) }),
        "Shard 1: the total holds 4 results, 3 are stored (1 too many).");

    [Fact]
    public void A_changed_value_is_named() => AssertProblems(
        With(shard => shard with { Applied = shard.Applied with { Sum = Units(31_000_000_000) } }),
        "Shard 1: the total holds the sum 31, stored is 30 (differs by 1).");

    [Fact]
    public void A_payload_that_is_not_what_its_row_says_is_named() => AssertProblems(
        With(shard => shard with { Damage = "the payload stored as result 2 can't be read" }),
        "Shard 1: the payload stored as result 2 can't be read.");

    [Fact]
    public void Another_epoch_at_the_same_place_is_another_history() => AssertProblems(
        With(shard => shard with { AppliedEpoch = 8 }),
        "Shard 1: Totals is in epoch 8, but result 3 was stored in epoch 9.");

    [Fact]
    public void A_shard_that_stands_still_is_named() => AssertProblems(
        With(shard => shard with { State = "fork", Reason = "epoch 9 begins at 2" }),
        "Shard 1 stands still in Totals (fork): epoch 9 begins at 2.");

    [Fact]
    public void What_the_total_holds_of_a_shard_that_the_outbox_does_not_have_is_named() => AssertProblems(
        Sound() with { Shards = [.. Sound().Shards, new ShardEvidence(900, 1) { IsUnknown = true, Applied = Of(1), AppliedEpoch = 9 }] },
        "Shard 900: Totals holds 1 results with the sum 10 of it, but the outbox has no such shard.");

    [Fact]
    public void An_open_gap_is_no_proof() => AssertProblems(Sound() with { Gaps = 1 }, "Totals reports 1 open gaps.");

    [Fact]
    public void What_was_adopted_is_in_the_total_and_was_promised_though_it_is_not_stored()
    {
        var evidence = Sound() with { Adopted = Of(2) };

        Assert.Equal(Sound().Applied + Of(2), evidence.Applied);
        Assert.Empty(Judge.ProblemsOf(evidence with { History = evidence.Applied }, Books(7)));
        Assert.NotEmpty(Judge.ProblemsOf(evidence, Books(8)));
        Assert.NotEmpty(Judge.ProblemsOf(evidence with { History = Sound().Applied }));
    }

    [Fact]
    public void What_was_trimmed_is_part_of_what_is_stored()
    {
        var evidence = With(shard => shard with { Trimmed = Of(2) });

        Assert.Equal((Of(2), Of(5)), (evidence.Trimmed, evidence.Stored));
        Assert.Empty(Judge.ProblemsOf(evidence, Books(5)));
    }

    [Fact]
    public void Quarantine_alone_takes_nothing_from_the_proof() =>
        Assert.Empty(Judge.ProblemsOf(Sound() with { Quarantined = 3, DuplicatesSuppressed = 9 }));

    [Fact]
    public void A_history_that_began_later_and_what_came_before_it_must_be_the_total()
    {
        AssertProblems(Sound() with { History = Of(3), HistoryBefore = Of(2) });
        AssertProblems(
            Sound() with { History = Of(2), HistoryBefore = Of(2) },
            "Totals' history holds 2 results with the sum 20 and 2 results with the sum 20 were counted without it, but its total is 5 results with the sum 50.");
    }

    [Fact]
    public void A_history_must_hold_the_same() => AssertProblems(
        Sound() with { History = Of(4) },
        "Totals' history holds 4 results with the sum 40, but its total is 5 results with the sum 50.");

    [Theory]
    [InlineData(5, 0)]
    [InlineData(4, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 7)]
    public void Unknown_calls_may_have_been_stored_or_not(long accepted, long unknown) =>
        Assert.Empty(Judge.ProblemsOf(Sound(), Books(accepted) with { Unknown = unknown }));

    [Fact]
    public void A_promise_that_is_not_stored_is_loss() => AssertProblems(
        Sound(), Books(6), "Callers were promised 6 results, but 5 are stored (1 missing).");

    [Fact]
    public void More_than_callers_ever_sent_is_too_many() => AssertProblems(
        Sound(),
        Books(3) with { Unknown = 1 },
        "5 results are stored, but callers know of 3 accepted and 1 unknown ones only (1 too many).");

    [Fact]
    public void Without_unknown_calls_sums_must_agree() => AssertProblems(
        Sound(),
        Books(5) with { Accepted = new Figure(5, Units(49_999_999_999)) },
        "Stored is the sum 50, but callers were promised 49.999999999 (differs by 0.000000001).");

    [Fact]
    public void Calls_that_were_refused_or_answered_wrong_are_no_proof() => AssertProblems(
        Sound(),
        Books(5) with { Refused = 2, Wrong = 1 },
        "1 calls were answered with a wrong result.",
        "2 calls were refused, or given up after many attempts.");

    private static void AssertProblems(Evidence evidence, params string[] expected) => Assert.Equal(expected, Judge.ProblemsOf(evidence));

    private static void AssertProblems(Evidence evidence, Books books, params string[] expected) =>
        Assert.Equal(expected, Judge.ProblemsOf(evidence, books));

    /// <summary>Two shards with 2 and 3 results of 10 each.</summary>
    private static Evidence Sound() => With(shard => shard);

    private static Evidence With(Func<ShardEvidence, ShardEvidence> change) => new([Shard(0, 2), change(Shard(1, 3))]);

    private static ShardEvidence Shard(int shard, long results) => new(shard, results)
    {
        Stored = Of(results),
        Published = Of(results),
        Applied = Of(results),
        StoredEpoch = 9,
        AppliedEpoch = 9,
    };

    private static Figure Of(long results) => new(results, Units(results * 10_000_000_000));

    private static Books Books(long accepted) => new(Of(accepted), Unknown: 0, Refused: 0, Wrong: 0);

    private static Amount Units(long units) => Amount.FromUnits(units);
}
