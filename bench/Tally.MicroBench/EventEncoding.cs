using BenchmarkDotNet.Attributes;
using Google.Protobuf;
using Tally.Calculator;
using Tally.Contracts.V1;
using Tally.Outbox;

namespace Tally.MicroBench;

/// <summary>The bytes that table and Kafka get, as the Calculator writes them, and by the generated class.</summary>
public class EventEncoding
{
    private static readonly Amount Item = SumEvents.Item;
    private static readonly OutboxPosition Position = SumEvents.PositionOf(shard: 3, sequence: 1_234_567);

    private readonly SumEncoder _encoder = new();

    [Benchmark]
    public byte[] Generated() => new SumComputed
    {
        System = ByteString.CopyFrom(Position.System.ToByteArray(bigEndian: true)),
        Shard = Position.Shard,
        Epoch = Position.Epoch,
        EpochFirstSequence = Position.EpochFirstSequence,
        Sequence = Position.Sequence,
        Value = Item.ToString(),
        ShardTotal = (Item + Item).ToString(),
        CommittedAtUnixMicros = (SumEvents.Committing - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond,
    }.ToByteArray();

    [Benchmark]
    public byte[] Encode()
    {
        var total = Item;
        return _encoder.Encode(Item, Position, SumEvents.Committing, ref total);
    }
}
