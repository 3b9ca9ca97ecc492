using Confluent.Kafka;
using Tally.TestSupport;

namespace Tally.Outbox.Tests.Support;

/// <summary>What is in Kafka.</summary>
internal static class TopicReading
{
    /// <summary>The first messages of a topic.</summary>
    /// <param name="environment">Where Kafka is.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="count">How many; waited for.</param>
    public static List<Message<string, string>> Consume(this TestEnvironment environment, string topic, int count)
    {
        var settings = new ConsumerConfig(new Dictionary<string, string>(environment.Kafka.Settings))
        {
            BootstrapServers = environment.Kafka.BootstrapServers,
            GroupId = topic,
            AutoOffsetReset = AutoOffsetReset.Earliest,
        };
        Kafka.Librdkafka.Load(environment.Kafka);
        using var consumer = new ConsumerBuilder<string, string>(settings).Build();
        consumer.Subscribe(topic);
        var messages = new List<Message<string, string>>();
        while (messages.Count < count)
        {
            var next = consumer.Consume(OutboxHost.Soon);
            Assert.True(next is not null, $"Only {messages.Count} of {count} messages came.");
            messages.Add(next.Message);
        }

        consumer.Close();
        return messages;
    }
}
