using System.Diagnostics;
using Confluent.Kafka;
using Tally.AppHost.Hosting;
using Tally.Kafka;

namespace Tally.Bench.Load;

/// <summary>A producer and a consumer that do nothing else: no table, no order to keep beyond Kafka's, no total.</summary>
/// <param name="kafka">The brokers.</param>
/// <param name="topic">A topic that nobody else uses.</param>
/// <param name="partitions">How many partitions it has.</param>
internal sealed class PlainKafka(KafkaConnection kafka, string topic, int partitions)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Sends so many events of a size, and reads them meanwhile.</summary>
    /// <returns>Events a second, from the first that is read until the last is.</returns>
    public async Task<double> RunAsync(long events, int bytes)
    {
        Librdkafka.Load(new KafkaOptions { BootstrapServers = kafka.BootstrapServers, LibraryPath = kafka.LibraryPath });
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig(Settings()) { GroupId = "plain", EnableAutoCommit = false }).Build();
        consumer.Assign([.. Enumerable.Range(0, partitions).Select(partition => End(consumer, new TopicPartition(topic, partition)))]);
        var reading = Task.Run(() => Read(consumer, events));
        await Task.Run(() => Send(events, bytes));
        return await reading;
    }

    /// <summary>As durable as the relay's and with the settings that it has: acknowledged by all, in order, and reports of what failed only.</summary>
    private void Send(long events, int bytes)
    {
        var settings = new ProducerConfig(Settings())
        {
            Acks = Acks.All,
            EnableIdempotence = true,
            LingerMs = 1,
            QueueBufferingMaxMessages = 1_000_000,
            DeliveryReportFields = "none",
        };
        foreach (var (name, text) in kafka.ProducerSettings)
        {
            settings.Set(name, text);
        }

        using var producer = new ProducerBuilder<byte[], byte[]>(settings).Build();
        var failed = 0L;
        void Count(DeliveryReport<byte[], byte[]> report) => failed += report.Error.IsError ? 1 : 0;
        Action<DeliveryReport<byte[], byte[]>> count = Count;
        var value = new byte[bytes];
        for (var sent = 0L; sent < events;)
        {
            try
            {
                producer.Produce(
                    new TopicPartition(topic, (int)(sent % partitions)),
                    new Message<byte[], byte[]> { Key = [(byte)(sent % partitions)], Value = value },
                    count);
                sent++;
            }
            catch (ProduceException<byte[], byte[]> full) when (full.Error.Code == ErrorCode.Local_QueueFull)
            {
                producer.Poll(TimeSpan.FromMilliseconds(10));
            }
        }

        producer.Flush(Patience);
        if (failed > 0)
        {
            throw new InvalidOperationException($"{failed} of {events} events weren't taken by Kafka.");
        }
    }

    private static TopicPartitionOffset End(IConsumer<byte[], byte[]> consumer, TopicPartition partition) =>
        new(partition, consumer.QueryWatermarkOffsets(partition, Patience).High);

    private static double Read(IConsumer<byte[], byte[]> consumer, long events)
    {
        var began = 0L;
        for (var read = 0L; read < events; read++)
        {
            _ = consumer.Consume(Patience) ?? throw new TimeoutException($"Kafka gave {read} of {events} events.");
            began = read == 0 ? Stopwatch.GetTimestamp() : began;
        }

        return events / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private Dictionary<string, string> Settings() => new(kafka.Settings, StringComparer.Ordinal) { ["bootstrap.servers"] = kafka.BootstrapServers };
}
