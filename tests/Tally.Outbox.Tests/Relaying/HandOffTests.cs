using Tally.Outbox.Relaying;
using Tally.Outbox.Storage;

namespace Tally.Outbox.Tests.Relaying;

public sealed class HandOffTests
{
    [Fact]
    public void It_leaves_out_what_exceeds_its_capacity_and_takes_more_once_there_is_room()
    {
        var handOff = new HandOff(capacity: 3);
        handOff.TryAdd(Batch(1, 2));
        handOff.TryAdd(Batch(3, 2));
        handOff.TryAdd(Batch(5, 1));

        Assert.Equal([1, 5], Take(handOff));

        handOff.TryAdd(Batch(6, 3));
        Assert.Equal([6], Take(handOff));
    }

    [Fact]
    public void A_capacity_of_zero_means_the_table_only()
    {
        var handOff = new HandOff(capacity: 0);
        handOff.TryAdd(Batch(1, 1));

        Assert.Empty(Take(handOff));
    }

    private static CommittedBatch Batch(long first, int count) => new(first, new byte[count][], "topic", null, Epoch: 1);

    private static List<long> Take(HandOff handOff)
    {
        var taken = new List<long>();
        while (handOff.TryTake(out var batch))
        {
            taken.Add(batch.FirstSequence);
        }

        return taken;
    }
}
