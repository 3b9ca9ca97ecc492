using Tally.Inbox.Chain;

namespace Tally.Inbox.Tests.Chain;

/// <summary>The table of what an event is, for a shard that holds sequence 10 of epoch 5 and for one that is empty.</summary>
public sealed class ChainRulesTests
{
    [Theory]
    [InlineData(5, 1, 11, "Next")]
    [InlineData(5, 10, 11, "Next")]
    [InlineData(6, 11, 11, "Next")]
    [InlineData(900, 11, 11, "Next")]
    [InlineData(5, 1, 10, "Replay")]
    [InlineData(5, 1, 1, "Replay")]
    [InlineData(4, 1, 10, "Replay")]
    [InlineData(4, 1, 11, "Fork")]
    [InlineData(4, 12, 12, "Fork")]
    [InlineData(4, 1, 3, "Replay")]
    [InlineData(5, 1, 12, "TooEarly")]
    [InlineData(5, 9, 5000, "TooEarly")]
    [InlineData(6, 11, 12, "TooEarly")]
    [InlineData(6, 12, 12, "TooEarly")]
    [InlineData(7, 300, 300, "TooEarly")]
    [InlineData(6, 10, 11, "Fork")]
    [InlineData(6, 10, 10, "Fork")]
    [InlineData(6, 1, 1, "Fork")]
    [InlineData(6, 3, 900, "Fork")]
    [InlineData(5, 11, 11, "Poison")]
    [InlineData(5, 12, 13, "Poison")]
    public void An_event_is_told_by_its_position(long epoch, long epochFirst, long sequence, string verdict) =>
        Assert.Equal(verdict, ChainRules.Classify(5, 10, false, new EventPosition(Guid.Empty, 0, epoch, epochFirst, sequence)).ToString());

    [Fact]
    public void What_is_left_of_a_history_that_was_given_up_is_a_replay() =>
        Assert.Equal(Verdict.Replay, ChainRules.Classify(5, 10, true, new EventPosition(Guid.Empty, 0, 4, 1, 11)));

    [Theory]
    [InlineData(5, 11, 11, "Next")]
    [InlineData(5, 11, 13, "TooEarly")]
    [InlineData(6, 11, 11, "Next")]
    [InlineData(6, 12, 12, "TooEarly")]
    [InlineData(5, 12, 13, "Poison")]
    [InlineData(4, 1, 11, "Replay")]
    [InlineData(4, 11, 11, "Replay")]
    [InlineData(6, 10, 10, "Fork")]
    public void Where_a_fork_was_adopted_the_new_epoch_begins_right_behind_what_is_held(long epoch, long epochFirst, long sequence, string verdict) =>
        Assert.Equal(verdict, ChainRules.Classify(5, 10, true, new EventPosition(Guid.Empty, 0, epoch, epochFirst, sequence), atBranch: true).ToString());

    [Theory]
    [InlineData(1, 1, 1, "Next")]
    [InlineData(77, 1, 1, "Next")]
    [InlineData(1, 1, 2, "TooEarly")]
    [InlineData(2, 5, 5, "TooEarly")]
    public void An_empty_shard_begins_with_sequence_one(long epoch, long epochFirst, long sequence, string verdict) =>
        Assert.Equal(verdict, ChainRules.Classify(0, 0, false, new EventPosition(Guid.Empty, 0, epoch, epochFirst, sequence)).ToString());

    [Theory]
    [InlineData(-1, 1, 1, 1, "shard")]
    [InlineData(1024, 1, 1, 1, "shard")]
    [InlineData(0, 0, 1, 1, "epoch")]
    [InlineData(0, -5, 1, 1, "epoch")]
    [InlineData(0, (long.MaxValue / 2) + 1, 1, 1, "epoch")]
    [InlineData(0, long.MaxValue, 1, 1, "epoch")]
    [InlineData(0, 1, 1, 0, "sequence")]
    [InlineData(0, 1, 1, (long.MaxValue / 2) + 1, "sequence")]
    [InlineData(0, 1, 0, 1, "first sequence")]
    [InlineData(0, 1, 3, 2, "first sequence")]
    public void Numbers_out_of_their_limits_are_named(int shard, long epoch, long epochFirst, long sequence, string named) =>
        Assert.Contains(named, new EventPosition(Guid.Empty, shard, epoch, epochFirst, sequence).FindFault(), StringComparison.Ordinal);

    [Fact]
    public void Numbers_within_their_limits_have_no_fault() =>
        Assert.Null(new EventPosition(Guid.Empty, 1023, long.MaxValue / 2, long.MaxValue / 2, long.MaxValue / 2).FindFault());
}
