using Tally.AppHost.Commands;
using Tally.AppHost.Proof;
using Tally.Outbox;

namespace Tally.AppHost.Tests.Proof;

public sealed class ProofRunTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    private readonly Places _places = new();

    [Fact]
    public async Task What_is_on_its_way_is_waited_for()
    {
        _places.Committed = 5;
        _places.Applied = _places.Relayed = 3;
        _places.Moves = true;

        var evidence = await CollectAsync(Long);

        Assert.Equal((5, 5, 5), Counts(evidence));
        Assert.Empty(Judge.ProblemsOf(evidence));
    }

    [Fact]
    public async Task Under_traffic_the_place_that_Totals_names_counts()
    {
        _places.Committed = 5;
        _places.Applied = 9;
        _places.Relayed = 20;
        _places.Moves = true;

        Assert.Equal((9, 9, 9), Counts(await CollectAsync(Long)));
    }

    [Fact]
    public async Task What_does_not_come_in_time_is_named()
    {
        _places.Committed = 5;
        _places.Relayed = 4;
        _places.Applied = 3;

        var problems = Judge.ProblemsOf(await CollectAsync(Short));

        Assert.Equal(
            [
                "Shard 0: Kafka acknowledged 4 results, 5 are stored (1 missing).",
                "Shard 0: the total holds 3 results, 5 are stored (2 missing).",
            ],
            problems);
    }

    [Fact]
    public async Task A_total_ahead_of_the_outbox_is_named()
    {
        _places.Committed = _places.Relayed = 5;
        _places.Applied = 6;

        Assert.Contains(
            "Shard 0: the outbox holds 5 of 6 results (1 missing).", Judge.ProblemsOf(await CollectAsync(Short)));
    }

    [Fact]
    public async Task A_shard_that_only_Totals_knows_is_named()
    {
        _places.Committed = _places.Relayed = _places.Applied = 5;
        _places.Strange = new TotalsShard { Shard = 900, Epoch = 1, Sequence = 2, Total = Amount.FromUnits(3_000_000_000), Count = 2 };

        var evidence = await CollectAsync(Long);

        Assert.Equal((5, 5, 7), Counts(evidence));
        Assert.Equal(["Shard 900: Totals holds 2 results with the sum 3 of it, but the outbox has no such shard."], Judge.ProblemsOf(evidence));
    }

    [Fact]
    public async Task A_place_that_is_away_for_a_moment_is_asked_again()
    {
        _places.Committed = _places.Applied = _places.Relayed = 2;
        _places.Failures = 3;

        Assert.Equal((2, 2, 2), Counts(await CollectAsync(Long)));
    }

    [Fact]
    public async Task A_place_that_stays_away_ends_it()
    {
        _places.Failures = int.MaxValue;

        var failure = await Assert.ThrowsAsync<CommandException>(() => CollectAsync(Short));

        Assert.Equal(("UNAVAILABLE", 1), (failure.Code, failure.ExitCode));
        Assert.StartsWith("Totals can't be read: ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_place_that_never_answers_ends_it_in_time()
    {
        _places.IsFrozen = true;

        var failure = await Assert.ThrowsAsync<CommandException>(() => CollectAsync(Short));

        Assert.Equal("Totals can't be read: it doesn't answer.", failure.Message);
    }

    [Fact]
    public async Task What_is_trimmed_beyond_the_place_that_is_compared_is_compared_farther_on()
    {
        _places.Committed = _places.Applied = _places.Relayed = 5;
        _places.TrimmedTo = 8;
        _places.OnTrimmed = () => _places.Committed = _places.Applied = _places.Relayed = 9;

        var evidence = await CollectAsync(Long);

        Assert.Equal((9, 9, 9), Counts(evidence));
        Assert.Equal(8, evidence.Trimmed.Count);
        Assert.Empty(Judge.ProblemsOf(evidence));
    }

    [Fact]
    public async Task What_is_trimmed_faster_than_it_is_compared_ends_it()
    {
        _places.Committed = _places.Applied = _places.Relayed = 5;
        _places.TrimmedTo = 8;

        var failure = await Assert.ThrowsAsync<CommandException>(() => CollectAsync(Short));

        Assert.Contains("Outbox:Retention", failure.Message, StringComparison.Ordinal);
    }

    private Task<Evidence> CollectAsync(TimeSpan timeout) =>
        new ProofRun(_places, TimeProvider.System).CollectAsync(timeout, _ => { }, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));

    private static (long Stored, long Published, long Applied) Counts(Evidence evidence) =>
        (evidence.Stored.Count, evidence.Published.Count, evidence.Applied.Count);

    /// <summary>One shard whose results are all 1.</summary>
    private sealed class Places : IProofSources
    {
        public long Committed { get; set; }

        public long Relayed { get; set; }

        public long Applied { get; set; }

        /// <summary>A shard that Totals holds and the outbox doesn't have.</summary>
        public TotalsShard? Strange { get; set; }

        /// <summary>What retention has dropped.</summary>
        public long TrimmedTo { get; set; }

        /// <summary>Called when that is beyond the place that is asked for.</summary>
        public Action OnTrimmed { get; set; } = () => { };

        /// <summary>Whether everything goes on a step each time it's looked at.</summary>
        public bool Moves { get; set; }

        public int Failures { get; set; }

        /// <summary>Whether Totals hears questions and answers none.</summary>
        public bool IsFrozen { get; set; }

        public Task<IReadOnlyList<OutboxShardPosition>> ReadOutboxAsync(CancellationToken cancellationToken)
        {
            var read = new OutboxShardPosition(0, 1, Committed, State: null, Relayed, "");
            Relayed = Moves ? Relayed + 1 : Relayed;
            return Task.FromResult<IReadOnlyList<OutboxShardPosition>>([read]);
        }

        public async Task<TotalsStatus> ReadTotalsAsync(CancellationToken cancellationToken)
        {
            if (IsFrozen)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            if (Failures > 0)
            {
                Failures--;
                throw new HttpRequestException("refused");
            }

            var shard = new TotalsShard { Shard = 0, Epoch = 1, Sequence = Applied, Total = Sum(Applied), Count = Applied };
            Applied = Moves && Applied < Committed ? Applied + 1 : Applied;
            return new TotalsStatus { Shards = Strange is null ? [shard] : [shard, Strange] };
        }

        public Task<StoredSum?> AddUpAsync(int shard, long to, long relayed, CancellationToken cancellationToken)
        {
            if (TrimmedTo > to)
            {
                OnTrimmed();
                return Task.FromResult<StoredSum?>(null);
            }

            var stored = Moves ? to : Math.Min(to, Committed);
            var published = Math.Min(stored, relayed);
            return Task.FromResult<StoredSum?>(new StoredSum(
                new Figure(stored, Sum(stored)), new Figure(published, Sum(published)), 1, Damage: null, new Figure(TrimmedTo, Sum(TrimmedTo))));
        }

        private static Amount Sum(long count) => Amount.FromUnits(count * 1_000_000_000);
    }
}
