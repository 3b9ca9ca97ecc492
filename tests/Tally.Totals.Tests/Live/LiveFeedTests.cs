using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Tally.Inbox;
using Tally.TestSupport;
using Tally.Totals.Live;
using Tally.Totals.Serving;
using Tally.Totals.Tests.Support;

namespace Tally.Totals.Tests.Live;

/// <summary>What a state says where the outbox, the database and the count are not of the same moment.</summary>
public sealed class LiveFeedTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    private static readonly Guid System1 = new("11111111-1111-1111-1111-111111111111");
    private static readonly Guid System2 = new("22222222-2222-2222-2222-222222222222");

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly FakeInbox _inbox = new() { System = System1 };
    private readonly FakeOutbox _outbox = new();
    private readonly TotalsView _view = new(TimeProvider.System);
    private readonly TotalsRefresher _refresher;
    private readonly DelayWindow _delays;
    private readonly LiveFeed _feed;

    public LiveFeedTests()
    {
        _refresher = new TotalsRefresher(_view, _inbox, TimeProvider.System, NullLogger<TotalsRefresher>.Instance);
        _delays = new DelayWindow(_services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), TimeProvider.System);
        _feed = new LiveFeed(_view, _refresher, _inbox, _delays, Options.Create(new TotalsOptions()), TimeProvider.System, _outbox);
    }

    public Task InitializeAsync() => _feed.StartAsync(default);

    public Task DisposeAsync() => _feed.StopAsync(default);

    public void Dispose()
    {
        _feed.Dispose();
        _delays.Dispose();
        _refresher.Dispose();
        _services.Dispose();
    }

    [Fact]
    public async Task What_waits_is_seen_though_the_count_goes_on_before_the_outbox_is_asked_again()
    {
        Count(90);
        _outbox.Answer = Positions(System1, committed: 100, relayed: 97);

        // Faster than the outbox is asked: each state is composed after more was counted than was committed at the last answer.
        using var watching = _feed.Watch();
        await StateAsync(state => state.GetProperty("source").ValueKind == JsonValueKind.Object);
        _outbox.Answers = false;
        Count(150);
        var state = await StateAsync(state => state.GetProperty("count").GetInt64() == 150);

        var source = state.GetProperty("source");
        Assert.True(source.GetProperty("answers").GetBoolean());
        Assert.Equal((100, 90, 3, 7), (Number(source, "accepted"), Number(source, "counted"), Number(source, "in_outbox"), Number(source, "in_kafka")));
        var shard = state.GetProperty("shards")[0];
        Assert.Equal((100, 97, 90, 90), (Number(shard, "committed"), Number(shard, "relayed"), Number(shard, "counted"), Number(shard, "results")));

        // Nobody answers any more: what is counted was accepted, whatever the last answer was.
        source = (await StateAsync(state => !state.GetProperty("source").GetProperty("answers").GetBoolean())).GetProperty("source");
        Assert.Equal((150, 150, 0, 0), (Number(source, "accepted"), Number(source, "counted"), Number(source, "in_outbox"), Number(source, "in_kafka")));
    }

    [Fact]
    public async Task Nothing_negative_waits_where_the_outbox_went_back_in_time()
    {
        Count(90);
        _outbox.Answer = Positions(System1, committed: 80, relayed: 70);

        using var watching = _feed.Watch();
        var source = (await StateAsync(static _ => true)).GetProperty("source");

        Assert.Equal((90, 90, 0, 0), (Number(source, "accepted"), Number(source, "counted"), Number(source, "in_outbox"), Number(source, "in_kafka")));
    }

    [Fact]
    public async Task Another_systems_numbers_are_not_shown_as_accepted()
    {
        Count(90);
        _outbox.Answer = Positions(System2, committed: 7_000, relayed: 7_000);

        using var watching = _feed.Watch();
        var state = await StateAsync(static _ => true);

        Assert.Equal(JsonValueKind.Null, state.GetProperty("source").ValueKind);
        Assert.Equal("the Calculator that is asked belongs to another system", state.GetProperty("trouble").GetString());
        Assert.Equal(90, Number(Assert.Single(state.GetProperty("shards").EnumerateArray()), "committed"));
    }

    [Fact]
    public async Task A_database_that_is_frozen_is_told_within_seconds_and_the_Calculator_still_answers()
    {
        _outbox.Answer = Positions(System1, committed: 90, relayed: 90);
        using var watching = _feed.Watch();
        await StateAsync(static state => state.GetProperty("trouble").ValueKind == JsonValueKind.Null);
        var thaw = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _inbox.Thawed = thaw.Task;

        await StateAsync(static state => state.GetProperty("trouble").GetString() == "the database doesn't answer now");
        var frozen = await StateAsync(static state => state.GetProperty("quarantined").ValueKind == JsonValueKind.Null);
        Assert.True(frozen.GetProperty("source").GetProperty("answers").GetBoolean());
        for (var i = 0; i < 3; i++)
        {
            await _feed.Read().Changed.Within(TimeSpan.FromSeconds(3));
        }

        thaw.SetResult();
        await StateAsync(static state => state.GetProperty("trouble").ValueKind == JsonValueKind.Null && state.GetProperty("quarantined").ValueKind == JsonValueKind.Number);
    }

    private void Count(long results) => _view.Update([new ShardPosition<Amount>(0, 0, 1, results, results, Amount.Zero)]);

    private static SourcePositions Positions(Guid system, long committed, long relayed) => new(system, [new SourceShard(0, 1, committed, relayed, 0)]);

    private static long Number(JsonElement of, string name) => of.GetProperty(name).GetInt64();

    private async Task<JsonElement> StateAsync(Func<JsonElement, bool> isIt)
    {
        while (true)
        {
            var (state, changed) = _feed.Read();
            if (state is not null && JsonDocument.Parse(state).RootElement is var read && isIt(read))
            {
                return read;
            }

            await changed.Within(Soon);
        }
    }

    private sealed class FakeOutbox : IInboxSource<Amount>
    {
        public volatile SourcePositions Answer = Positions(System1, 0, 0);
        public volatile bool Answers = true;

        public Task<SourcePositions> ReadPositionsAsync(CancellationToken cancellationToken) =>
            Answers ? Task.FromResult(Answer) : throw new InboxSourceException("Nobody answers.");

        public Task RewindAsync(int shard, long fromSequence, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<SourceEvent?> ReadEventAsync(int shard, long sequence, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<SourceBranch<Amount>?> ReadBranchAsync(int shard, long epoch, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task ConfirmAsync(SourceConfirmation confirmation, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
