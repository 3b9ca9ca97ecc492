using Confluent.Kafka;
using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Support;
using Tally.Kafka;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Hosting;

public sealed class KafkaSystemTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(300);

    [Fact]
    public async Task A_broker_that_is_killed_and_started_again_has_its_messages()
    {
        await using var kafka = await PrivateKafka.StartAsync().Within(Patience);
        await kafka.CreateTopicAsync("kept", 1).Within(Patience);
        await ProduceAsync(kafka.Kafka, "before");

        await kafka.KillAsync().Within(Processes.Soon);
        await kafka.StartAgainAsync().Within(Patience);
        await ProduceAsync(kafka.Kafka, "after");

        Assert.Equal(["before", "after"], Consume(kafka.Kafka, 2));
    }

    [Theory]
    [InlineData("no.such.setting", "1")]
    [InlineData("security.protocol", "moon")]
    public async Task A_setting_that_librdkafka_refuses_is_named_and_ends_with_2(string name, string value)
    {
        var settings = TestFolders.Settings(SystemParts.Kafka) with
        {
            KafkaServers = "127.0.0.1:1",
            KafkaSettings = new Dictionary<string, string> { [name] = value },
        };

        var problem = await Assert.ThrowsAsync<SystemProblemException>(
            () => LocalSystem.StartAsync(settings, new TestReporter(), CancellationToken.None).Within(Patience));

        Assert.Equal(2, problem.ExitCode);
        Assert.Contains("TALLY_KAFKA_SETTINGS (or --kafka-settings) is refused by librdkafka", problem.Message, StringComparison.Ordinal);
        Assert.Contains($"\"{name}\"", problem.Message, StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task Brokers_that_run_elsewhere_are_used_and_the_topic_goes_with_the_system()
    {
        await using var elsewhere = await PrivateKafka.StartAsync().Within(Patience);
        var settings = TestFolders.Settings(SystemParts.Kafka) with
        {
            KafkaServers = elsewhere.Kafka.BootstrapServers,
            KafkaSettings = new Dictionary<string, string>(elsewhere.Kafka.Settings) { ["client.id"] = "passed-through" },
        };
        using var admin = new AdminClientBuilder(Settings(elsewhere.Kafka)).Build();
        string topic;
        await using (var system = await LocalSystem.StartAsync(settings, new TestReporter(), CancellationToken.None).Within(Patience))
        {
            topic = system.Connections.Kafka.Topic;

            // The controller made it; the broker that is asked here hears of it a little later.
            await Eventually.TrueAsync(() => Partitions(admin, topic) == 8, Processes.Soon);
            Assert.Equal("passed-through", system.Connections.Kafka.Settings["client.id"]);
            Assert.Equal(ComponentPhase.External, system.State.Components["kafka"].State);
        }

        await Eventually.TrueAsync(() => Partitions(admin, topic) == 0, Processes.Soon);
    }

    private static int Partitions(IAdminClient admin, string topic) =>
        admin.GetMetadata(Patience).Topics.SingleOrDefault(known => known.Topic == topic)?.Partitions.Count ?? 0;

    private static async Task ProduceAsync(KafkaOptions kafka, string text)
    {
        Librdkafka.Load(kafka);
        using var producer = new ProducerBuilder<Null, string>(Settings(kafka)).Build();
        await producer.ProduceAsync("kept", new Message<Null, string> { Value = text }).Within(Patience);
    }

    private static List<string> Consume(KafkaOptions kafka, int count)
    {
        var settings = new ConsumerConfig(Settings(kafka)) { GroupId = "test", AutoOffsetReset = AutoOffsetReset.Earliest };
        using var consumer = new ConsumerBuilder<Null, string>(settings).Build();
        consumer.Assign(new TopicPartitionOffset("kept", 0, Offset.Beginning));
        return [.. Enumerable.Range(0, count).Select(_ => consumer.Consume(Patience)?.Message.Value ?? "nothing")];
    }

    private static Dictionary<string, string> Settings(KafkaOptions kafka) =>
        new(kafka.Settings, StringComparer.Ordinal) { ["bootstrap.servers"] = kafka.BootstrapServers };
}
