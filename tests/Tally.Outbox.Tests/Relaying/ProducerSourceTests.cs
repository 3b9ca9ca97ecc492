using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging.Abstractions;
using Tally.Outbox.Relaying;
using Tally.Outbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Outbox.Tests.Relaying;

[Collection(PostgresCollection.Name)]
public sealed class ProducerSourceTests(TestEnvironment environment)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [KafkaFact]
    public async Task A_topic_that_was_made_again_makes_a_new_producer()
    {
        var topic = await environment.CreateTopicAsync(partitions: 1);
        var options = new OutboxOptions();
        environment.Kafka.CopyTo(options.Kafka);
        await using var producers = new ProducerSource(options, TimeProvider.System, NullLogger.Instance);
        var session = await producers.EnterAsync();
        await session.PartitionsOfAsync(topic).Within(Soon);
        await producers.LookAtTopicsAsync(CancellationToken.None).Within(Soon);
        await producers.LookAtTopicsAsync(CancellationToken.None).Within(Soon);
        Assert.False(session.IsFailed);

        await MakeAgainAsync(options, topic);
        await Eventually.TrueAsync(
            async () =>
            {
                await producers.LookAtTopicsAsync(CancellationToken.None);
                return session is { IsFailed: true, IsRetired: true };
            },
            Soon);

        var next = await producers.EnterAsync();
        Assert.NotSame(session, next);
        await session.Leave().Within(Soon);
        await next.Leave().Within(Soon);
    }

    private static async Task MakeAgainAsync(OutboxOptions options, string topic)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig(new Dictionary<string, string>(options.Kafka.Settings)) { BootstrapServers = options.Kafka.BootstrapServers }).Build();
        await admin.DeleteTopicsAsync([topic]).Within(Soon);
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await admin.CreateTopicsAsync([new() { Name = topic, NumPartitions = 1, ReplicationFactor = 1 }]);
                    return true;
                }
                catch (CreateTopicsException stillThere) when (stillThere.Results[0].Error.Code == ErrorCode.TopicAlreadyExists)
                {
                    return false;
                }
            },
            Soon);
    }
}
