using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Npgsql;
using Tally.Kafka;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Support;

/// <summary>A database and a topic of a test's own, and instances of an inbox between them.</summary>
internal sealed class World : IAsyncDisposable
{
    private readonly List<Instance> _instances = [];
    private readonly KafkaOptions _kafka;
    private IProducer<byte[], byte[]> _producer;

    private World(Store store, KafkaOptions kafka, string topic)
    {
        Store = store;
        Topic = topic;
        _kafka = kafka;
        Librdkafka.Load(kafka);
        var server = new NpgsqlConnectionStringBuilder(store.ConnectionString);
        Cable = new Cable(server.Host!, server.Port) { Mark = Encoding.UTF8.GetBytes(topic) };
        _producer = NewProducer();
    }

    public Store Store { get; }

    /// <summary>The outbox that instances ask, once a test uses it.</summary>
    public FakeOutbox? Outbox { get; private set; }

    public FakeOutbox UseOutbox() => Outbox ??= new FakeOutbox(numbers => SendAsync(Partitions, numbers));

    /// <summary>The clock of instances that start from now on.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>How many partitions messages are spread over.</summary>
    public int Partitions { get; set; } = 2;

    public string Topic { get; }

    /// <summary>Between every instance and the database.</summary>
    public Cable Cable { get; }

    public static async Task<World> CreateAsync(TestEnvironment environment, int partitions = 2, bool withTopic = true)
    {
        var store = await Store.CreateEmptyAsync(environment);
        return new World(store, environment.Kafka, withTopic ? await environment.CreateTopicAsync(partitions) : $"numbers-{Guid.NewGuid():N}");
    }

    /// <summary>Starts an instance; with a group of its own it gets all partitions, as if it were a zombie that doesn't know of the others.</summary>
    public async Task<Instance> StartAsync(string group = "numbers", Action<InboxOptions>? configure = null)
    {
        var instance = await Instance.StartAsync(options =>
        {
            options.ConnectionString = new NpgsqlConnectionStringBuilder(Store.ConnectionString) { Host = "127.0.0.1", Port = Cable.Port, Pooling = false }.ConnectionString;
            options.Topic = Topic;
            // Groups of different tests must not meet.
            options.GroupId = $"{group}-{Topic}";
            _kafka.CopyTo(options.Kafka);
            options.MaxRetryPause = TimeSpan.FromMilliseconds(200);
            options.GapGrace = TimeSpan.FromSeconds(1);
            options.CommitTimeout = TimeSpan.FromSeconds(5);
            options.AuditInterval = TimeSpan.FromMilliseconds(200);
            configure?.Invoke(options);
        }, Outbox, Time);
        _instances.Add(instance);
        return instance;
    }

    /// <summary>A member of the group that holds all partitions, and doesn't answer when others want to join: they wait until it leaves.</summary>
    public IConsumer<byte[], byte[]> JoinAndFallSilent(string group)
    {
        var config = new ConsumerConfig(new Dictionary<string, string>(_kafka.Settings))
        {
            BootstrapServers = _kafka.BootstrapServers,
            GroupId = $"{group}-{Topic}",
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
        };
        var consumer = new ConsumerBuilder<byte[], byte[]>(config).Build();
        consumer.Subscribe(Topic);
        while (consumer.Assignment.Count == 0)
        {
            consumer.Consume(TimeSpan.FromMilliseconds(100));
        }

        return consumer;
    }

    /// <summary>What lag tools see of a group.</summary>
    public async Task<long> GroupOffsetAsync(string group, int partition)
    {
        using var admin = new DependentAdminClientBuilder(_producer.Handle).Build();
        var asked = new ConsumerGroupTopicPartitions($"{group}-{Topic}", [new TopicPartition(Topic, partition)]);
        var answer = await admin.ListConsumerGroupOffsetsAsync([asked]).Within(Store.Soon);
        return answer[0].Partitions[0].Offset.Value;
    }

    public Task SendAsync(params IEnumerable<Number> numbers) => SendAsync(Partitions, numbers);

    /// <summary>Kafka loses everything, as when its disk is wiped: the topic is removed, and made again under its name.</summary>
    public async Task WipeTopicAsync(int? partitions = null)
    {
        Partitions = partitions ?? Partitions;
        using (var admin = new DependentAdminClientBuilder(_producer.Handle).Build())
        {
            await admin.DeleteTopicsAsync([Topic]).Within(Store.Soon);
            await Eventually.TrueAsync(() => TryCreateAsync(admin), Store.Soon);
        }

        ChangeProducer();
    }

    public async Task AddPartitionsAsync(int total)
    {
        using (var admin = new DependentAdminClientBuilder(_producer.Handle).Build())
        {
            await admin.CreatePartitionsAsync([new() { Topic = Topic, IncreaseTo = total }]).Within(Store.Soon);
        }

        Partitions = total;
        ChangeProducer();
    }

    public async Task SetTopicAsync(string setting, string value)
    {
        using var admin = new DependentAdminClientBuilder(_producer.Handle).Build();
        var changes = new Dictionary<ConfigResource, List<ConfigEntry>>
        {
            [new ConfigResource { Type = ResourceType.Topic, Name = Topic }] = [new ConfigEntry { Name = setting, Value = value, IncrementalOperation = AlterConfigOpType.Set }],
        };
        await admin.IncrementalAlterConfigsAsync(changes).Within(Store.Soon);
    }

    /// <summary>One that doesn't remember the topic as it was.</summary>
    private void ChangeProducer()
    {
        _producer.Dispose();
        _producer = NewProducer();
    }

    private IProducer<byte[], byte[]> NewProducer() => new ProducerBuilder<byte[], byte[]>(
        new ProducerConfig(new Dictionary<string, string>(_kafka.Settings)) { BootstrapServers = _kafka.BootstrapServers, LingerMs = 0 }).Build();

    private async Task<bool> TryCreateAsync(IAdminClient admin)
    {
        try
        {
            await admin.CreateTopicsAsync([new() { Name = Topic, NumPartitions = Partitions, ReplicationFactor = 1 }]);
            return true;
        }
        catch (CreateTopicsException stillThere) when (stillThere.Results[0].Error.Code == ErrorCode.TopicAlreadyExists)
        {
            return false;
        }
    }

    public async Task SendAsync(int partitions, IEnumerable<Number> numbers)
    {
        foreach (var number in numbers)
        {
            await SendAsync(number.Position.Shard % partitions, number.Key, number.Bytes);
        }
    }

    public async Task SendAsync(int partition, byte[] key, byte[] value) => await _producer
        .ProduceAsync(new TopicPartition(Topic, partition), new Message<byte[], byte[]> { Key = key, Value = value })
        .Within(Store.Soon);

    /// <summary>Waits until everything is folded, and compares.</summary>
    public async Task FoldedAsync(params NumberHistory[] histories)
    {
        await Eventually.TrueAsync(
            async () => await Store.QueryAsync<bool>("SELECT to_regclass('inbox.positions') IS NOT NULL")
                && (await HeldAsync()) is var held
                && histories.All(history => held.GetValueOrDefault(history.Shard)?.Sequence == history.Events.Count),
            Store.Soon);
        var folded = await HeldAsync();
        Assert.All(histories, history => Assert.Equal((history.Total, history.Events.Count), (folded[history.Shard].State, folded[history.Shard].Count)));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var instance in _instances)
        {
            await instance.DisposeAsync();
        }

        _producer.Dispose();
        await Cable.DisposeAsync();
        await Store.DisposeAsync();
    }

    private async Task<Dictionary<int, ShardPosition<long>>> HeldAsync() =>
        (await Store.ReadPositionsAsync()).Positions.ToDictionary(position => position.Shard);
}
