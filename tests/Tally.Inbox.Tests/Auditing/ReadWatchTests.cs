using Tally.Inbox.Auditing;

namespace Tally.Inbox.Tests.Auditing;

public class ReadWatchTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly ReadWatch _watch = new(Patience);

    [Theory]
    [InlineData(null)]
    [InlineData(7L)]
    public void A_partition_that_nothing_is_read_of_for_so_long_is_stalled_and_then_has_as_long_again(long? next)
    {
        Assert.Null(_watch.Waits(3, next, TimeSpan.Zero));
        Assert.Null(_watch.Waits(3, next, Patience - TimeSpan.FromSeconds(1)));
        Assert.Equal(new StalledRead(3, next), _watch.Waits(3, next, Patience));
        Assert.Null(_watch.Waits(3, next, Patience));
        Assert.Null(_watch.Waits(3, next, Patience + TimeSpan.FromSeconds(29)));
        Assert.NotNull(_watch.Waits(3, next, 2 * Patience));
    }

    [Fact]
    public void One_that_moves_or_was_read_to_its_end_or_went_to_another_instance_is_not()
    {
        Assert.Null(_watch.Waits(0, 1, TimeSpan.Zero));
        Assert.Null(_watch.Waits(0, 2, Patience));
        _watch.Forget(0);
        Assert.Null(_watch.Waits(0, 2, 2 * Patience));
        Assert.Null(_watch.Waits(1, 2, 3 * Patience));
    }
}
