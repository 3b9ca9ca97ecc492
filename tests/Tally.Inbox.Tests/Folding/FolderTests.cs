using Tally.Inbox.Folding;
using Tally.Inbox.Storage;
using Tally.Inbox.Tests.Support;

namespace Tally.Inbox.Tests.Folding;

/// <summary>What a folder does with each kind of event, and what it hands over to be committed.</summary>
public sealed class FolderTests
{
    private readonly FolderLog _log = new();
    private readonly Folder<long, Number> _folder;
    private long _offset;

    public FolderTests()
    {
        _folder = new Folder<long, Number>(new NumberHandler(), "numbers", 3, _log);
        _folder.Load(StoredPositions<long>.None);
    }

    [Fact]
    public void A_chain_is_folded_into_one_row_a_shard()
    {
        Take([.. new NumberHistory(2).Add(5, 6).Events, .. new NumberHistory(1).Add(7).NewEpoch().Add(8).Events]);

        var fold = _folder.Complete();

        Assert.Equal([1, 2], fold.Rows.Select(row => row.After.Shard));
        Assert.Equal(new ShardPosition<long>(1, 0, 2, 2, 2, 15), fold.Rows[0].After);
        Assert.Equal(new ShardPosition<long>(2, 0, 1, 2, 2, 11), fold.Rows[1].After);
        Assert.All(fold.Rows, row => Assert.Equal((1, 4), (row.FromSequence, row.NextOffset)));
        Assert.Equal(Number.System1, fold.NewSource);
        Assert.Equal(4, fold.Events);
    }

    [Fact]
    public void The_next_fold_begins_behind_the_one_before()
    {
        var history = new NumberHistory().Add(1, 2, 3);
        Take(history.Events.Take(2));
        _folder.Complete();
        Take(history.Events.Skip(2));

        var fold = _folder.Complete();

        var row = Assert.Single(fold.Rows);
        Assert.Equal((3, 3, 6), (row.FromSequence, row.After.Sequence, row.After.State));
        Assert.Null(fold.NewSource);
        Assert.Equal(1, fold.Events);
    }

    [Fact]
    public void Replays_are_counted_and_change_nothing()
    {
        var history = new NumberHistory().Add(1, 2, 3);
        Take([.. history.Events, .. history.Events]);

        Assert.Equal(3, _log.Duplicates);
        Assert.Equal(6, Assert.Single(_folder.Complete().Rows).After.State);
    }

    [Fact]
    public void Garbage_goes_to_the_quarantine_with_the_fold_that_passes_it()
    {
        var history = new NumberHistory().Add(1, 2);
        Take(history.Events.Take(1));
        _folder.Take(new("numbers", 0, _offset++, [9], [8]));
        Take(history.Events.Skip(1));

        var fold = _folder.Complete();

        var poison = Assert.Single(fold.Poison);
        Assert.Equal((1, "no number"), (poison.Message.Offset, poison.Reason));
        Assert.Equal([8], poison.Message.Value);
        Assert.Equal(3, Assert.Single(fold.Rows).NextOffset);
    }

    [Fact]
    public void A_message_without_key_or_value_goes_to_the_quarantine()
    {
        _folder.Take(new("numbers", 0, 0, null!, null!));

        Assert.Single(_folder.Complete().Poison);
    }

    [Fact]
    public void A_sum_that_does_not_fit_goes_to_the_quarantine_and_the_true_one_still_counts()
    {
        var history = new NumberHistory().Add(1, 2);
        Take([history.Events[0], history.Events[1] with { Value = 3 }, history.Events[1]]);

        var fold = _folder.Complete();

        Assert.Equal("1 + 3 is not 3", Assert.Single(fold.Poison).Reason);
        Assert.Equal(3, Assert.Single(fold.Rows).After.State);
    }

    [Fact]
    public void Another_systems_events_go_to_the_quarantine()
    {
        var history = new NumberHistory().Add(1, 2);
        var foreign = history.Events[1] with { Position = history.Events[1].Position with { System = Guid.NewGuid() } };
        Take([history.Events[0], foreign, history.Events[1]]);

        var fold = _folder.Complete();

        Assert.Contains("system", Assert.Single(fold.Poison).Reason, StringComparison.Ordinal);
        Assert.Equal(3, Assert.Single(fold.Rows).After.State);
    }

    [Fact]
    public void An_offset_never_passes_an_event_that_waits_in_memory()
    {
        var missing = new NumberHistory(1).Add(1, 2, 3);
        var other = new NumberHistory(2).Add(1, 2);
        Take([missing.Events[0], other.Events[0], missing.Events[2], other.Events[1]]);

        var fold = _folder.Complete();

        Assert.All(fold.Rows, row => Assert.Equal(2, row.NextOffset));
        Assert.Equal(2, fold.Rows[1].After.Sequence);
    }

    [Fact]
    public void What_came_too_early_is_folded_when_its_turn_comes()
    {
        var events = new NumberHistory().Add(1, 2).NewEpoch().Add(3).NewEpoch().Add(4, 5).Events;
        Take([events[0], events[3], events[2], events[4], events[1]]);

        var row = Assert.Single(_folder.Complete().Rows);

        Assert.Equal((1, 5, 15, 5), (row.FromSequence, row.After.Sequence, row.After.State, row.NextOffset));
        Assert.False(_folder.MustReadAgain);
        Assert.Equal(0, _log.Duplicates);
    }

    [Fact]
    public void What_could_not_be_set_aside_is_asked_for_again()
    {
        var events = new NumberHistory().Add(1, 2, 3, 4, 5, 6).Events;
        Take(events.Skip(1));
        Assert.False(_folder.MustReadAgain);

        Take(events.Take(1));

        var row = Assert.Single(_folder.Complete().Rows);
        Assert.Equal((4, 3), (row.After.Sequence, row.NextOffset));
        Assert.True(_folder.MustReadAgain);
    }

    [Fact]
    public void A_fork_stops_its_shard_and_no_other()
    {
        var history = new NumberHistory(1).Add(1, 2, 3);
        var restored = new NumberHistory(1).Add(1).NewEpoch(9).Add(2, 3, 4);
        Take([.. history.Events, .. restored.Events.Skip(1), .. new NumberHistory(2).Add(8).Events]);

        var fold = _folder.Complete();

        var fork = Assert.Single(_log.Forks);
        Assert.Equal((1, ShardTroubleKind.Fork), (fork.Shard, fork.Kind));
        Assert.Equal([(1, 6L, 3L), (2, 8L, 3L)], fold.Rows.Select(row => (row.After.Shard, row.After.State, row.NextOffset)));
    }

    [Fact]
    public void What_was_loaded_is_gone_on_from()
    {
        var events = new NumberHistory().Add(1, 2, 3).NewEpoch().Add(4).Events;
        _folder.Load(new StoredPositions<long>(Number.System1, [(new ShardPosition<long>(0, 2, 1, 3, 3, 6), new StoredPlace("numbers", 0, 3))]));
        Take(events);

        var fold = _folder.Complete();

        Assert.Equal(new FoldRow<long>(new ShardPosition<long>(0, 2, 2, 4, 4, 10), 4, "numbers", 0, 4), Assert.Single(fold.Rows));
        Assert.Null(fold.NewSource);
        Assert.Equal(3, _log.Duplicates);
    }

    [Fact]
    public void What_others_folded_is_taken_over_and_what_was_folded_here_must_be_there()
    {
        var mine = new NumberHistory(1).Add(1, 2);
        Take(mine.Events);
        var fold = _folder.Complete();
        var place = new StoredPlace("numbers", 0, 2);
        var here = (fold.Rows[0].After, place);

        Assert.True(_folder.Refresh(new(Number.System1, [here, (new(2, 0, 1, 5, 5, 9), place)])));
        Assert.True(_folder.Refresh(new(Number.System1, [here, (new(2, 0, 1, 7, 7, 12), place)])));
        Assert.False(_folder.Refresh(new(Number.System1, [here, (new(2, 0, 1, 6, 6, 11), place)])));
        Assert.False(_folder.Refresh(new(Number.System1, [here])));
        Assert.False(_folder.Refresh(new(Number.System1, [(new(2, 0, 1, 7, 7, 12), place)])));
        Assert.False(_folder.Refresh(new(Number.System1, [(new(1, 0, 1, 3, 3, 6), place), (new(2, 0, 1, 7, 7, 12), place)])));
        Assert.False(_folder.Refresh(new(Number.System1, [(new(1, 1, 1, 2, 2, 3), place), (new(2, 0, 1, 7, 7, 12), place)])));
    }

    private void Take(IEnumerable<Number> events)
    {
        foreach (var number in events)
        {
            _folder.Take(number.At(_offset++));
        }
    }
}
