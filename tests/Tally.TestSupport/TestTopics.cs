using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Tally.AppHost.Hosting;
using Tally.Kafka;

namespace Tally.TestSupport;

/// <summary>Makes topics for tests.</summary>
internal static class TestTopics
{
    public static async Task CreateAsync(LocalSystem? system, KafkaOptions kafka, string topic, int partitions)
    {
        if (kafka.Settings.ContainsKey("broker.version.fallback"))
        {
            await (system ?? throw new NotSupportedException("This old Kafka has no request for making topics, and it isn't this process's own."))
                .CreateTopicAsync(topic, partitions, CancellationToken.None);
            return;
        }

        Librdkafka.Load(kafka);
        var settings = new Dictionary<string, string>(kafka.Settings, StringComparer.Ordinal) { ["bootstrap.servers"] = kafka.BootstrapServers };
        using var admin = new AdminClientBuilder(settings).Build();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }]);
    }
}
