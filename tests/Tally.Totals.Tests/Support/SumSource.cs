using System.Text;
using Confluent.Kafka;
using Google.Protobuf;
using Tally.Contracts.V1;
using Tally.Kafka;
using Tally.TestSupport;

namespace Tally.Totals.Tests.Support;

/// <summary>Sends sums as a Calculator's relay would.</summary>
internal sealed class SumSource : IDisposable
{
    private static readonly byte[] System1 = new Guid("11111111-1111-1111-1111-111111111111").ToByteArray(bigEndian: true);

    private readonly Dictionary<int, (long Sequence, decimal Total)> _shards = [];
    private readonly string _topic;
    private readonly int _partitions;
    private readonly IProducer<byte[], byte[]> _producer;

    public SumSource(KafkaOptions kafka, string topic, int partitions)
    {
        Librdkafka.Load(kafka);
        _topic = topic;
        _partitions = partitions;
        _producer = new ProducerBuilder<byte[], byte[]>(
            new ProducerConfig(new Dictionary<string, string>(kafka.Settings)) { BootstrapServers = kafka.BootstrapServers, LingerMs = 0 }).Build();
    }

    /// <summary>Sends the next sum of a shard.</summary>
    /// <returns>Its position.</returns>
    public async Task<Position> SendAsync(int shard, decimal value)
    {
        var (sequence, total) = _shards.GetValueOrDefault(shard);
        _shards[shard] = (++sequence, total += value);
        var sum = new SumComputed
        {
            System = ByteString.CopyFrom(System1),
            Shard = shard,
            Epoch = 1,
            EpochFirstSequence = 1,
            Sequence = sequence,
            Value = $"{value}",
            ShardTotal = $"{total}",
            CommittedAtUnixMicros = 1_800_000_000_000_000,
        };
        await SendAsync(shard, Encoding.UTF8.GetBytes($"{shard}"), sum.ToByteArray());
        return new Position { Shard = shard, Epoch = 1, Sequence = sequence };
    }

    /// <summary>Lets sums of a shard be without sending them, so that the next one stands behind them.</summary>
    public void Skip(int shard, long sequence, decimal total) => _shards[shard] = (sequence, total);

    public Task SendAsync(int shard, byte[] key, byte[] value) =>
        _producer.ProduceAsync(new TopicPartition(_topic, shard % _partitions), new Message<byte[], byte[]> { Key = key, Value = value })
            .Within(TotalsHost.Soon);

    public void Dispose() => _producer.Dispose();
}
