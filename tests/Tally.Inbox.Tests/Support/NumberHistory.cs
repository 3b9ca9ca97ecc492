namespace Tally.Inbox.Tests.Support;

/// <summary>What one shard's writers committed, over several epochs: the truth that an inbox must arrive at.</summary>
internal sealed class NumberHistory
{
    private readonly List<Number> _events = [];
    private long _epoch = 1;
    private long _epochFirst = 1;
    private long _total;

    public NumberHistory(int shard = 0) => Shard = shard;

    public int Shard { get; }

    public IReadOnlyList<Number> Events => _events;

    public long Total => _total;

    public NumberHistory Add(params long[] values)
    {
        foreach (var value in values)
        {
            _total += value;
            _events.Add(new Number(new EventPosition(Number.System1, Shard, _epoch, _epochFirst, _events.Count + 1), value, _total));
        }

        return this;
    }

    /// <summary>Another writer takes over.</summary>
    public NumberHistory NewEpoch(long by = 1)
    {
        _epoch += by;
        _epochFirst = _events.Count + 1;
        return this;
    }

    public long TotalAt(long sequence) => sequence == 0 ? 0 : _events[(int)sequence - 1].Total;

    /// <summary>A history of some length in which writers change now and then. All values are positive, so that no two totals are equal.</summary>
    public static NumberHistory Random(Random random, int shard, int length)
    {
        var history = new NumberHistory(shard);
        while (history.Events.Count < length)
        {
            if (random.Next(6) == 0)
            {
                history.NewEpoch(random.Next(1, 4));
            }

            history.Add(random.Next(1, 1000));
        }

        return history;
    }
}
