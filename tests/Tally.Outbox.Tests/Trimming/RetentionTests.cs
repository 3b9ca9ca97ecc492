using Tally.Outbox.Storage;
using Tally.Outbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Outbox.Tests.Trimming;

/// <summary>Which segments go, and what is left of them.</summary>
[Collection(PostgresCollection.Name)]
public sealed class RetentionTests(TestEnvironment environment)
{
    [Fact]
    public async Task Old_segments_go_in_order_and_what_they_held_stays_known()
    {
        await using var bed = await TrimBed.CreateAsync(environment);
        await bed.FillAsync(3_500);
        await bed.RelayAsync(2_999);

        await bed.TrimAsync();
        Assert.Equal([2, 3], await bed.SegmentsAsync());
        Assert.Equal(2_000, (await bed.Reader.GetTrimmedAsync(0)).LastSequence);

        await bed.RelayAsync(3_500);
        await bed.TrimAsync();

        Assert.Equal([3], await bed.SegmentsAsync());
        var trimmed = await bed.Reader.GetTrimmedAsync(0);
        Assert.Equal((3_000, 3_000, bed.Epoch, "3000"), (trimmed.LastSequence, trimmed.Count, trimmed.Epoch, TrimBed.Text(trimmed.State)));
        Assert.Equal(Enumerable.Range(3_001, 500).Select(number => (long)number), await bed.ReadAsync());
        Assert.Equal(500L, await bed.Stores.QueryAsync<long>("SELECT count(*) FROM outbox.outbox"));
        var position = Assert.Single(await bed.Reader.GetPositionsAsync());
        Assert.Equal((3_500, 3_000, "3500"), (position.Sequence, position.TrimmedTo, TrimBed.Text(position.State)));
    }

    [Fact]
    public async Task The_segment_with_the_last_batch_never_goes_so_an_idle_shard_keeps_its_position()
    {
        await using var bed = await TrimBed.CreateAsync(environment);
        await bed.TrimAsync();
        Assert.Equal([0, 1, 2], await bed.SegmentsAsync());

        await bed.FillAsync(2_000);
        await bed.RelayAsync(2_000);
        await bed.TrimAsync();
        await bed.TrimAsync();

        Assert.Equal([1, 2], await bed.SegmentsAsync());
        var claim = await bed.ClaimAsync("two");
        Assert.Equal((2_000, "2000", 2_000), (claim.LastSequence, TrimBed.Text(claim.State), claim.Relayed));

        await bed.FillAsync(2_001);
        await bed.TrimAsync("two");
        Assert.Equal([2], await bed.SegmentsAsync());
        Assert.Equal([2_001], await bed.ReadAsync());
    }

    [Fact]
    public async Task Nothing_goes_before_the_retention_time_is_over_which_counts_from_when_Kafka_had_it()
    {
        await using var bed = await TrimBed.CreateAsync(environment, options => options.Retention = TimeSpan.FromHours(2));
        await bed.FillAsync(1_001);
        await bed.Stores.ExecuteAsync("UPDATE outbox.outbox_batches SET committed_at = clock_timestamp() - interval '10 days'");
        await bed.RelayAsync(1_001);

        await bed.TrimAsync();
        await bed.Stores.ExecuteAsync("UPDATE outbox.relayed_segments SET relayed_at = relayed_at - interval '119 minutes'");
        await bed.TrimAsync();
        Assert.Equal(0, await bed.OldestAsync());

        await bed.Stores.ExecuteAsync("UPDATE outbox.relayed_segments SET relayed_at = relayed_at - interval '2 minutes'");
        await bed.TrimAsync();
        Assert.Equal(1, await bed.OldestAsync());
        Assert.Equal(0L, await bed.Stores.QueryAsync<long>("SELECT count(*) FROM outbox.relayed_segments"));
    }

    [Fact]
    public async Task Nothing_goes_before_every_registered_consumer_holds_it_in_the_same_history()
    {
        await using var bed = await TrimBed.CreateAsync(environment);
        await bed.FillAsync(1_500);
        await bed.RelayAsync(1_500);
        await bed.ConfirmAsync("one", bed.Epoch, 1_500);
        await bed.ConfirmAsync("two", bed.Epoch, 999);

        await bed.TrimAsync();
        Assert.Equal(0, await bed.OldestAsync());

        // Further, but of a history that isn't this one.
        await bed.ConfirmAsync("two", bed.Epoch, 1_000);
        await bed.ConfirmAsync("three", bed.Epoch - 1, 5_000);
        await bed.TrimAsync();
        Assert.Equal(0, await bed.OldestAsync());

        await bed.Stores.ExecuteAsync("DELETE FROM outbox.consumers WHERE consumer = 'three'");
        await bed.TrimAsync();
        Assert.Equal(1, await bed.OldestAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("totals, billing")]
    public async Task Nothing_goes_before_those_are_registered_who_must_be(string consumers)
    {
        await using var bed = await TrimBed.CreateAsync(environment, options => options.Consumers = consumers);
        await bed.FillAsync(1_500);
        await bed.RelayAsync(1_500);
        await bed.TrimAsync();
        Assert.Equal(0, await bed.OldestAsync());

        await bed.ConfirmAsync("billing", bed.Epoch, 1_500);
        await bed.TrimAsync();
        Assert.Equal(consumers.Length == 0 ? 1 : 0, await bed.OldestAsync());

        await bed.ConfirmAsync("totals", bed.Epoch, 1_000);
        await bed.TrimAsync();
        Assert.Equal(1, await bed.OldestAsync());
    }

    [Fact]
    public async Task A_shard_that_takes_too_much_room_does_not_wait_for_the_time_but_for_its_consumers()
    {
        await using var bed = await TrimBed.CreateAsync(environment, options =>
        {
            options.Retention = TimeSpan.FromDays(7);
            options.RetentionBytes = 1;
            options.Consumers = "totals";
        });
        await bed.FillAsync(2_500);
        await bed.RelayAsync(2_500);
        await bed.TrimAsync();
        Assert.Equal(0, await bed.OldestAsync());

        await bed.ConfirmAsync("totals", bed.Epoch, 1_999);
        await bed.TrimAsync();
        Assert.Equal(1, await bed.OldestAsync());

        // All of it in one segment that is ahead: that is room enough.
        bed.Stores.Options.RetentionBytes = 1_000_000_000;
        await bed.ConfirmAsync("totals", bed.Epoch, 2_500);
        await bed.TrimAsync();
        Assert.Equal(1, await bed.OldestAsync());
    }

    [Fact]
    public async Task What_somebody_wants_published_again_stays_until_it_is()
    {
        await using var bed = await TrimBed.CreateAsync(environment);
        await bed.FillAsync(2_500);
        await bed.RelayAsync(2_500);
        Assert.True(await bed.Progress.AskForRewindAsync(0, 1_001, default));

        await bed.TrimAsync();
        Assert.Equal(1, await bed.OldestAsync());
        Assert.False(await bed.Progress.AskForRewindAsync(0, 1_000, default));

        var wish = Assert.Single(await bed.Progress.ReadRewindsAsync(default));
        Assert.Equal(1_001, wish.FromSequence);
        await bed.Progress.ClearRewindAsync(0, wish.Id, default);
        await bed.TrimAsync();
        Assert.Equal(2, await bed.OldestAsync());
    }

    [Fact]
    public async Task Only_the_owner_trims()
    {
        await using var bed = await TrimBed.CreateAsync(environment);
        await bed.FillAsync(1_500);
        await bed.RelayAsync(1_500);

        await bed.TrimAsync("another");
        Assert.Equal(0, await bed.OldestAsync());

        await bed.TrimAsync("one");
        Assert.Equal(1, await bed.OldestAsync());
    }

    [Fact]
    public async Task A_segment_that_lacks_results_is_kept_as_evidence()
    {
        await using var bed = await TrimBed.CreateAsync(environment);
        await bed.FillAsync(2_500);
        await bed.RelayAsync(2_500);
        await bed.Stores.ExecuteAsync("DELETE FROM outbox.outbox_batches_0 WHERE first_sequence = 501");

        await bed.TrimAsync();

        Assert.Equal([0, 1, 2, 3, 4], await Ahead(bed));
        Assert.Equal(0, (await bed.Reader.GetTrimmedAsync(0)).LastSequence);
    }

    private static async Task<List<long>> Ahead(TrimBed bed)
    {
        await bed.Stores.Segments.EnsureAsync(0, 3, TrimBed.SegmentSize, default);
        await bed.Stores.Segments.EnsureAsync(0, 4, TrimBed.SegmentSize, default);
        return await bed.SegmentsAsync();
    }

    [Fact]
    public async Task What_was_trimmed_can_neither_be_read_nor_compared_with()
    {
        await using var bed = await TrimBed.CreateAsync(environment);
        await bed.FillAsync(700);
        var first = bed.Epoch;
        await bed.ClaimAsync("one");
        await bed.FillAsync(1_500);
        var second = bed.Epoch;
        await bed.ClaimAsync("one");
        await bed.FillAsync(2_500);
        Assert.Equal(700, (await bed.Reader.FindBranchAsync(0, first))!.Sequence);

        // Also while its rows are still there.
        await bed.RelayAsync(1_200);
        await bed.Trims.NoteRelayedAsync(0, [0], TrimBed.SegmentSize, default);
        Assert.True(await bed.Trims.TrimAsync(
            0, 0, TrimBed.SegmentSize, await bed.ContentAsync(0), "one", new(TimeSpan.Zero, [], NeedsConsumer: false), default));
        Assert.Null(await bed.Reader.FindAsync(0, 1_000));
        Assert.Equal(1_001, (await bed.ReadAsync(from: 5))[0]);
        Assert.Equal(1_500L, await bed.Stores.QueryAsync<long>("SELECT count(*) FROM outbox.outbox"));

        await bed.TrimAsync();
        Assert.NotNull(await bed.Reader.FindAsync(0, 1_001));
        Assert.Null(await bed.Reader.FindBranchAsync(0, first));
        Assert.Equal(1_500, (await bed.Reader.FindBranchAsync(0, second))!.Sequence);
        Assert.Equal((2_500, bed.Epoch), await At(bed, bed.Epoch));
    }

    [Fact]
    public async Task Of_what_was_dropped_nobody_can_say_that_it_was_not_stored()
    {
        await using var bed = await TrimBed.CreateAsync(environment);
        await bed.FillAsync(1_500);
        var epoch = bed.Epoch;
        Task<BatchFate> FateAsync(long first) => bed.Stores.Batches.FindFateAsync(0, first, epoch, TimeSpan.FromSeconds(1), default);
        Assert.Equal((BatchFate.Stored, BatchFate.Open), (await FateAsync(1), await FateAsync(1_501)));

        await bed.ClaimAsync("one");
        await bed.RelayAsync(1_500);
        await bed.TrimAsync();

        Assert.Equal(1, await bed.OldestAsync());
        Assert.Equal((BatchFate.Dropped, BatchFate.Stored, BatchFate.NotStored), (await FateAsync(1), await FateAsync(1_001), await FateAsync(1_501)));
    }

    private static async Task<(long Sequence, long Epoch)> At(TrimBed bed, long epoch)
    {
        var branch = (await bed.Reader.FindBranchAsync(0, epoch))!;
        return (branch.Sequence, branch.Epoch);
    }

    [Fact]
    public async Task A_confirmation_never_goes_back()
    {
        await using var bed = await TrimBed.CreateAsync(environment);
        await bed.ConfirmAsync("totals", 7, 100);
        await bed.ConfirmAsync("totals", 7, 99);
        await bed.ConfirmAsync("totals", 6, 500);
        Assert.Equal((7L, 100L), await ConfirmedAsync(bed));

        // Took over a newer history, of which it holds less.
        await bed.ConfirmAsync("totals", 8, 50);
        Assert.Equal((8L, 50L), await ConfirmedAsync(bed));

        var before = await bed.Stores.QueryAsync<DateTime>("SELECT confirmed_at FROM outbox.consumers");
        await bed.ConfirmAsync("totals", 8, 50);
        Assert.True(await bed.Stores.QueryAsync<DateTime>("SELECT confirmed_at FROM outbox.consumers") > before);
    }

    private static async Task<(long Epoch, long Sequence)> ConfirmedAsync(TrimBed bed) => (
        await bed.Stores.QueryAsync<long>("SELECT epoch FROM outbox.consumers"), await bed.Stores.QueryAsync<long>("SELECT sequence FROM outbox.consumers"));
}
