using Tally.Inbox.Auditing;
using Tally.Inbox.Folding;
using Tally.Inbox.Storage;
using Tally.Inbox.Tests.Support;

namespace Tally.Inbox.Tests.Folding;

/// <summary>A doubtful event holds its shard until the outbox was asked, and no offset goes past what is undecided.</summary>
public sealed class FolderFindingsTests
{
    // By the clock, the next century.
    private const long Future = 4_200_000_000_000_000;

    private readonly FolderLog _log = new();
    private readonly Folder<long, Number> _folder;
    private readonly NumberHistory _history = new NumberHistory(0).Add(1, 2, 3, 4, 5, 6);
    private readonly Number _wrong;

    public FolderFindingsTests()
    {
        _folder = new Folder<long, Number>(new NumberHandler(), "numbers", 3, _log, confirmsForks: true);
        _folder.Load(new StoredPositions<long>(Number.System1, []));
        _wrong = _history.Events[0] with { Position = _history.Events[0].Position with { Epoch = 77 } };
        _folder.Take(_history.Events[0].At(0));
        _folder.Take(_wrong.At(1));
    }

    [Fact]
    public void What_comes_behind_it_waits_and_is_folded_when_it_was_damaged()
    {
        _folder.Take(_history.Events[1].At(2));
        _folder.Take(_history.Events[2].At(3));
        Assert.Equal((1L, true, 1L), (_folder.Pending, _folder.HasDoubts, _folder.Doubts));
        Assert.Equal(1, _folder.Complete().Rows[0].NextOffset);

        _folder.Apply(Find(AuditFindingKind.Refuted));

        var fold = _folder.Complete();
        Assert.Equal((3L, 4L), (fold.Rows[0].After.Sequence, fold.Rows[0].NextOffset));
        Assert.Contains("; no", Assert.Single(fold.Poison).Reason, StringComparison.Ordinal);
        Assert.False(_folder.HasDoubts || _folder.MustReadAgain);
    }

    [Fact]
    public void What_does_not_fit_into_memory_is_read_again()
    {
        for (var i = 1; i < 6; i++)
        {
            _folder.Take(_history.Events[i].At(i + 1));
        }

        _folder.Apply(Find(AuditFindingKind.Refuted));

        Assert.True(_folder.MustReadAgain);
        var fold = _folder.Complete();
        Assert.Equal((4L, 5L), (fold.Rows[0].After.Sequence, fold.Rows[0].NextOffset));
    }

    [Fact]
    public void A_fork_that_is_confirmed_keeps_the_place_from_where_to_read_again()
    {
        _folder.Take(_history.Events[1].At(2));

        _folder.Apply(Find(AuditFindingKind.Fork));
        _folder.Take(_history.Events[2].At(3));
        _folder.Take(new NumberHistory(1).Add(9).Events[0].At(4));

        var fold = _folder.Complete();
        Assert.Equal("another history", Assert.Single(_log.Forks).Reason);
        Assert.Equal([1, 1], fold.Rows.Select(row => row.NextOffset));
        Assert.Equal(1, fold.Rows[0].After.Sequence);
        _folder.Apply(Find(AuditFindingKind.Mended));
        Assert.True(_folder.MustReadAgain);
    }

    [Fact]
    public void A_finding_about_another_position_is_void()
    {
        _folder.Apply(Find(AuditFindingKind.Fork) with { Sequence = 9 });
        _folder.Apply(Find(AuditFindingKind.Fork) with { Generation = 1 });
        _folder.Apply(Find(AuditFindingKind.Fork) with { Epoch = 2 });
        _folder.Apply(Find(AuditFindingKind.Refuted) with { Message = (0, 5) });

        Assert.Empty(_log.Forks);
        Assert.True(_folder.HasDoubts);
    }

    [Fact]
    public void A_next_event_from_the_future_waits_for_what_the_outbox_says_of_it()
    {
        var history = new NumberHistory(1).Add(1).NewEpoch(by: Future).Add(2, 3);
        for (var i = 0; i < 3; i++)
        {
            _folder.Take(history.Events[i].At(i, partition: 1));
        }

        var chain = _folder.Chains.Single(chain => chain.Shard == 1);
        Assert.Equal((1L, true), (chain.Sequence, chain.Suspicion.IsOpen));
        Assert.Contains("in the future", _log.Doubts[^1], StringComparison.Ordinal);

        _folder.Apply(new AuditFinding(1, 0, 1, 1, AuditFindingKind.Confirmed, "it has it") { Message = (1, 1) });

        Assert.Equal((3L, 1 + Future, false), (chain.Sequence, chain.Epoch, chain.Suspicion.IsOpen));
        Assert.Empty(_log.Poison);
    }

    [Fact]
    public void A_first_event_from_the_future_that_the_outbox_does_not_have_is_poison()
    {
        var history = new NumberHistory(1).Add(1, 2);
        _folder.Take((history.Events[0] with { Position = history.Events[0].Position with { Epoch = Future } }).At(0, partition: 1));
        _folder.Take(history.Events[0].At(1, partition: 1));

        _folder.Apply(new AuditFinding(1, 0, 0, 0, AuditFindingKind.Refuted, "it has it in epoch 1") { Message = (1, 0) });
        _folder.Take(history.Events[1].At(2, partition: 1));

        var chain = _folder.Chains.Single(chain => chain.Shard == 1);
        Assert.Equal((2L, 1L), (chain.Sequence, chain.Epoch));
        Assert.Contains("in epoch 1", Assert.Single(_log.Poison), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_first_event_is_a_gap_of_a_shard_that_was_never_seen()
    {
        _folder.Apply(new AuditFinding(5, 0, 0, 0, AuditFindingKind.Missing, "missing"));
        _folder.Apply(new AuditFinding(5, 0, 0, 0, AuditFindingKind.Missing, "missing still"));

        Assert.Equal("missing", Assert.Single(_log.Gaps).Reason);
        var chain = _folder.Chains.Single(chain => chain.Shard == 5);
        Assert.False(chain.CheckGap(TimeProvider.System, TimeSpan.Zero));
        Assert.Equal(ShardTroubleKind.Gap, chain.Trouble?.Kind);
        _folder.Take(new NumberHistory(5).Add(9).Events[0].At(4));
        chain.CheckGap(TimeProvider.System, TimeSpan.Zero);
        Assert.Null(chain.Trouble);
    }

    private static AuditFinding Find(AuditFindingKind kind) => new(0, 0, 1, 1, kind, kind == AuditFindingKind.Fork ? "another history" : "no") { Message = (0, 1) };
}
