using Confluent.Kafka;
using Tally.AppHost.Tests.Chaos;
using Tally.AppHost.Tests.Support;
using Tally.Kafka;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Faults;

/// <summary>Everything in the topic is sent to it again, as <c>kcat -C | kcat -P</c> does, on a real system.</summary>
[Collection(nameof(WholeSystems))]
public sealed class ReplayedTopicTests
{
    private const int Results = 2_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [KafkaFact]
    public async Task A_topic_replayed_into_itself_is_suppressed_and_the_total_stays()
    {
        await using var system = await WholeSystem.StartAsync(settings => settings with
        {
            Totals = 2,
            ServiceSettings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Totals:History"] = "table" },
        });
        var books = await Callers.AddAsync(system, Results, Patience);
        var before = await system.ProveAsync(books, Patience);
        var connection = system.System.Connections.Kafka;
        Librdkafka.Load(new KafkaOptions { BootstrapServers = connection.BootstrapServers, LibraryPath = connection.LibraryPath });
        var messages = await Task.Run(() => ReadAll(connection.BootstrapServers, connection.Topic)).Within(Patience);
        Assert.True(messages.Count >= Results);

        // Where each was, and then where its key leads: another instance may hold that partition.
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig { BootstrapServers = connection.BootstrapServers }).Build();
        foreach (var (place, message) in messages)
        {
            producer.Produce(place, message);
        }

        foreach (var (_, message) in messages)
        {
            producer.Produce(connection.Topic, message);
        }

        await Task.Run(() => producer.Flush(Patience)).Within(Patience);
        await Eventually.TrueAsync(
            async () => (await system.StatusAsync()).DuplicatesSuppressed >= before.DuplicatesSuppressed + (2 * messages.Count), Patience);

        var after = await system.ProveAsync(books, Patience);
        Assert.Equal((before.Applied, before.History, 0), (after.Applied, after.History, after.Quarantined));
    }

    internal static List<(TopicPartition Place, Message<byte[], byte[]> Message)> ReadAll(string servers, string topic)
    {
        var messages = new List<(TopicPartition, Message<byte[], byte[]>)>();
        var settings = new ConsumerConfig { BootstrapServers = servers, GroupId = "replay", EnablePartitionEof = true };
        using var consumer = new ConsumerBuilder<byte[], byte[]>(settings).Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var partitions = admin.GetMetadata(topic, Patience).Topics.Single().Partitions;
        consumer.Assign(partitions.Select(partition => new TopicPartitionOffset(topic, partition.PartitionId, Offset.Beginning)));
        for (var ends = 0; ends < partitions.Count;)
        {
            var next = consumer.Consume(Patience) ?? throw new TimeoutException("Kafka gives nothing more, and says no end.");
            if (next.IsPartitionEOF)
            {
                ends++;
            }
            else
            {
                messages.Add((next.TopicPartition, next.Message));
            }
        }

        return messages;
    }
}
