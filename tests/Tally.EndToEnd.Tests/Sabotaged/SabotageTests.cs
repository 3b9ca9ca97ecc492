using System.Reflection;
using Tally.TestSupport;

namespace Tally.EndToEnd.Tests.Sabotaged;

/// <summary>The checks can fail: each promise is broken on purpose, and the test that stands for it notices.</summary>
public sealed class SabotageTests(SabotagedBuild build) : IClassFixture<SabotagedBuild>
{
    private const string Outbox = "Tally.Outbox.Tests";
    private const string Inbox = "Tally.Inbox.Tests";

    [KafkaTheory]
    [InlineData("relay.drop", Outbox, "RelayTests.What_is_committed_is_published_in_the_order_of_its_shard")]
    [InlineData("relay.double", Outbox, "RelayTests.What_is_committed_is_published_in_the_order_of_its_shard")]
    [InlineData("relay.swap", Outbox, "RelayTests.What_is_committed_is_published_in_the_order_of_its_shard")]
    [InlineData("relay.forget-failures", Outbox, "RelayTests.What_the_broker_refuses_is_never_counted_as_relayed")]
    [InlineData("append.answer-first", Outbox, "OutboxCommitTests.A_call_is_answered_only_after_its_commit")]
    [InlineData("append.no-fence", Outbox, "FencingTests.A_writer_that_was_superseded_stores_nothing_and_says_so")]
    [InlineData("append.no-fence", Outbox, "KeyedAppendTests.A_writer_that_was_superseded_stores_neither_results_nor_keys")]
    [InlineData("claim.reuse-epoch", Outbox, "FencingTests.An_epoch_is_never_below_the_clock_so_that_a_restored_database_gives_none_out_twice")]
    [InlineData("keys.forget", Outbox, "IdempotencyTests.The_same_key_gives_the_same_position_and_one_row")]
    [InlineData("trim.unconfirmed", Outbox, "RetentionTests.Nothing_goes_before_every_registered_consumer_holds_it_in_the_same_history")]
    [InlineData("fold.replays", Inbox, "ConsumingTests.Replays_are_skipped_and_counted")]
    [InlineData("fold.unconditionally", Inbox, "FoldStatementsTests.Two_that_start_from_the_same_position_collide")]
    [InlineData("fold.offsets-first", Inbox, "ConsumingTests.What_is_sent_is_folded_once_whoever_is_restarted")]
    public async Task A_broken_promise_is_noticed(string sabotage, string project, string test) =>
        Assert.Equal(("Passed", "Failed"), await build.OutcomesAsync(sabotage, project, test));

    /// <summary>What is broken above, and who notices.</summary>
    internal static IEnumerable<(string Sabotage, string Project, string Test)> All() =>
        typeof(SabotageTests).GetMethod(nameof(A_broken_promise_is_noticed))!.GetCustomAttributes<InlineDataAttribute>()
            .Select(data => data.GetData(null!).Single()).Select(data => ((string)data[0], (string)data[1], (string)data[2]));
}
