using System.Globalization;
using System.Text;
using Tally.Calculator;
using Tally.Inbox.Chain;
using Tally.Outbox;

namespace Tally.MicroBench;

/// <summary>Events as the Calculator sends them.</summary>
internal static class SumEvents
{
    private const long Epoch = 1_767_225_600_000_000;
    private static readonly Guid System = new("7f1f9b52-93a8-4d3e-8d36-0c4f5f9f4c11");

    public static Amount Item { get; } = Amount.FromUnits(42_000_000_000);

    public static DateTimeOffset Committing { get; } = DateTimeOffset.UnixEpoch.AddMicroseconds(Epoch + 1);

    public static OutboxPosition PositionOf(int shard, long sequence) => new(System, shard, Epoch, EpochFirstSequence: 1, sequence);

    /// <summary>So many, in the order of each shard, as they lie in its partition.</summary>
    public static RawMessage[] Messages(string topic, int shards, int each)
    {
        var encoder = new SumEncoder();
        return [.. Enumerable.Range(0, shards).SelectMany(shard =>
        {
            var key = Encoding.ASCII.GetBytes(shard.ToString(CultureInfo.InvariantCulture));
            var total = encoder.Initial;
            return Enumerable.Range(1, each).Select(sequence =>
                new RawMessage(topic, shard, sequence - 1, key, encoder.Encode(Item, PositionOf(shard, sequence), Committing, ref total)));
        })];
    }
}
