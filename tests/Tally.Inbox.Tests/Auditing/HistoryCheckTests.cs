using Tally.Inbox.Auditing;
using Tally.Inbox.Tests.Support;

namespace Tally.Inbox.Tests.Auditing;

/// <summary>Whether what is held is what the outbox holds.</summary>
public sealed class HistoryCheckTests
{
    private readonly FakeOutbox _outbox = new(static _ => Task.CompletedTask);

    [Theory]
    [InlineData(1, 2, null, false)]
    [InlineData(2, 4, null, false)]
    [InlineData(3, 5, null, false)]
    [InlineData(1, 4, null, true)]
    [InlineData(2, 3, null, false)]
    [InlineData(5, 3, null, true)]
    [InlineData(2, 6, null, true)]
    [InlineData(9, 2, 1L, false)]
    [InlineData(9, 2, 2L, true)]
    [InlineData(9, 0, 0L, false)]
    public async Task The_epoch_at_the_held_sequence_decides(long epoch, long sequence, long? commonEpoch, bool isFork)
    {
        _outbox.Holds(new NumberHistory(0).Add(1, 2).NewEpoch().Add(3, 4).NewEpoch().Add(5));

        Assert.Equal(isFork, await FindAsync(epoch, sequence, commonEpoch) is not null);
    }

    [Theory]
    [InlineData(2, 4, false)]
    [InlineData(1, 4, true)]
    [InlineData(1, 3, false)]
    public async Task What_was_trimmed_is_told_by_where_newer_epochs_begin(long epoch, long sequence, bool isFork)
    {
        _outbox.Holds(new NumberHistory(0).Add(1, 2).NewEpoch().Add(3, 4).NewEpoch().Add(5)).Trim(0, 4);

        Assert.Equal(isFork, await FindAsync(epoch, sequence, null) is not null);
    }

    private async Task<string?> FindAsync(long epoch, long sequence, long? commonEpoch)
    {
        var source = (await _outbox.ReadPositionsAsync(CancellationToken.None)).Shards[0];
        return await HistoryCheck.FindForkAsync(_outbox, new(0, epoch, sequence, commonEpoch), source, CancellationToken.None);
    }
}
