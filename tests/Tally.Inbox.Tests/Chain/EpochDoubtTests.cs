using Tally.Inbox.Chain;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Chain;

/// <summary>Of which new epochs the outbox is asked; 2026 is about 1,790,000,000,000,000.</summary>
public sealed class EpochDoubtTests
{
    private const long Minute = 60_000_000;
    private const long Now = 1_790_000_000_000_000;

    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(0, Now, Now)]
    [InlineData(Now - 5, Now, Now + 20)]
    [InlineData(0, Now, Now - Minute)]
    [InlineData(0, 77, Now)]
    public void One_that_begins_at_or_before_its_events_commit_is_believed(long held, long epoch, long committedAt) => Assert.Null(Find(held, epoch, committedAt));

    [Theory]
    [InlineData(Now + (500 * Minute), Now + (500 * Minute) + 1)]
    [InlineData(Now + (500 * Minute), Now + (500 * Minute) + 1000)]
    [InlineData(long.MaxValue / 2, (long.MaxValue / 2) + 1)]
    public void One_that_follows_upon_the_held_one_is_believed_whatever_the_clock_says(long held, long epoch) => Assert.Null(Find(held, epoch, Now));

    [Theory]
    [InlineData(0, Now + Minute + 1)]
    [InlineData(Now - 5, Now | (1L << 55))]
    [InlineData(0, long.MaxValue / 2)]
    [InlineData(Now + (500 * Minute), Now + (501 * Minute))]
    public void One_from_the_future_is_doubted(long held, long epoch) =>
        Assert.Contains($"epoch {epoch} begins at sequence 11", Find(held, epoch, Now), StringComparison.Ordinal);

    [Fact]
    public void Where_an_event_does_not_say_when_it_was_committed_the_clock_has_to_do()
    {
        _time.Advance(TimeSpan.FromMicroseconds(Now));

        Assert.Null(Find(0, Now + Minute, 0));
        Assert.NotNull(Find(0, Now + Minute + 100, 0));
    }

    private string? Find(long held, long epoch, long committedAt) =>
        EpochDoubt.Find(held, new EventPosition(Guid.Empty, 0, epoch, 11, 11), committedAt, _time);
}
