using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;
using Tally.Outbox.Diagnostics;

namespace Tally.Outbox.Relaying;

/// <summary>
/// One producer's life. After a failed delivery or a fatal error nothing is known about the order of what it still holds, so it is thrown
/// away as a whole; every shard begins again, with the next session, behind its last acknowledged result.
/// </summary>
internal sealed class ProducerSession
{
    private static readonly TimeSpan MetadataTimeout = TimeSpan.FromSeconds(5);

    // A stop waits for it.
    private static readonly TimeSpan LookTimeout = TimeSpan.FromSeconds(2);

    private readonly IProducer<byte[], byte[]> _producer;
    private readonly Dictionary<string, Task<int>> _partitions = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly string[] _expected;
    private readonly Action _failed;
    private readonly ILogger _logger;
    private readonly ErrorNews _errorNews;
    private readonly Rebootstrap _rebootstrap;
    private readonly TimeProvider _time;
    private volatile bool _isFailed;
    private int _users = 1;

    public ProducerSession(OutboxOptions options, TimeProvider time, ILogger logger, Action failed)
    {
        _time = time;
        Created = time.GetTimestamp();
        var settings = ProducerSettings.Build(options);
        _errorNews = new ErrorNews(time);
        _rebootstrap = new Rebootstrap(time, settings.BootstrapServers);
        _logger = logger;
        _expected = TopicName.Split(options.Topics);
        _failed = failed;
        _producer = new ProducerBuilder<byte[], byte[]>(settings)
            .SetErrorHandler(OnError)
            .SetLogHandler((_, message) => Log.Librdkafka(logger, (LogLevel)message.LevelAs(LogLevelType.MicrosoftExtensionsLogging), message.Message))
            .Build();
    }

    /// <summary>When it was made.</summary>
    public long Created { get; }

    /// <summary>Whether trying again can't help, however long: somebody has to change something first.</summary>
    public static bool IsHopeless(Error error) => error.Code is ErrorCode.MsgSizeTooLarge or ErrorCode.TopicAuthorizationFailed
        or ErrorCode.ClusterAuthorizationFailed or ErrorCode.TransactionalIdAuthorizationFailed or ErrorCode.InvalidRecord
        or ErrorCode.TopicException or ErrorCode.PolicyViolation;

    /// <summary>Whether it must be replaced.</summary>
    public bool IsFailed => _isFailed;

    /// <summary>Whether it must be replaced though nothing failed.</summary>
    public bool IsRetired { get; private set; }

    /// <summary>Hands a message to librdkafka, which keeps a copy.</summary>
    /// <returns>False when librdkafka's queue is full: try again after a delivery.</returns>
    public bool TryProduce(TopicPartition place, Message<byte[], byte[]> message, Action<DeliveryReport<byte[], byte[]>> delivered)
    {
        try
        {
            _producer.Produce(place, message, delivered);
            return true;
        }
        catch (ProduceException<byte[], byte[]> full) when (full.Error.Code == ErrorCode.Local_QueueFull)
        {
            return false;
        }
    }

    /// <summary>The topic's number of partitions, asked once a session.</summary>
    /// <exception cref="KafkaException">Kafka can't be reached, or has no such topic.</exception>
    public async Task<int> PartitionsOfAsync(string topic)
    {
        try
        {
            return await AskOnceAsync(topic);
        }
        catch (KafkaException away) when (_time.GetElapsedTime(Created) >= StallWatch.Patience)
        {
            // The next one starts from nothing, and may see what this one doesn't.
            Fail(away.Error);
            throw;
        }
    }

    private Task<int> AskOnceAsync(string topic)
    {
        lock (_gate)
        {
            // One question for all shards that ask meanwhile; a failed one is asked again.
            if (!_partitions.TryGetValue(topic, out var asked) || asked.IsFaulted)
            {
                _partitions[topic] = asked = AskForPartitionsAsync(topic);
            }

            return asked;
        }
    }

    /// <summary>The topics that it publishes to, or surely will, as Kafka describes them. Those that don't exist now are left out.</summary>
    /// <exception cref="KafkaException">Kafka doesn't answer.</exception>
    public async Task<IReadOnlyList<TopicDescription>> DescribeTopicsAsync()
    {
        string[] topics;
        lock (_gate)
        {
            topics = [.. _expected.Union(_partitions.Keys, StringComparer.Ordinal)];
        }

        if (topics.Length == 0)
        {
            return [];
        }

        using var admin = new DependentAdminClientBuilder(_producer.Handle).Build();
        List<TopicDescription> found;
        try
        {
            found = (await admin.DescribeTopicsAsync(TopicCollection.OfTopicNames(topics), new DescribeTopicsOptions { RequestTimeout = LookTimeout })).TopicDescriptions;
        }
        catch (DescribeTopicsException partly)
        {
            found = partly.Results.TopicDescriptions;
        }

        return [.. found.Where(static topic => topic is { Error.IsError: false, TopicId: not null, Partitions.Count: > 0 })];
    }

    /// <summary>What topics are set to, or why Kafka doesn't tell it of one, and how many brokers there are.</summary>
    /// <exception cref="KafkaException">Kafka doesn't answer, or doesn't know the question.</exception>
    public async Task<(IReadOnlyDictionary<string, TopicAnswer> Settings, int Brokers)> ReadSettingsAsync(IEnumerable<string> topics)
    {
        using var admin = new DependentAdminClientBuilder(_producer.Handle).Build();
        var resources = topics.Select(static topic => new ConfigResource { Type = ResourceType.Topic, Name = topic });
        var answers = new Dictionary<string, TopicAnswer>(StringComparer.Ordinal);
        try
        {
            foreach (var topic in await admin.DescribeConfigsAsync(resources, new DescribeConfigsOptions { RequestTimeout = LookTimeout }))
            {
                answers[topic.ConfigResource.Name] = new TopicAnswer(TopicSettings.Read(topic.Entries), Fault: null);
            }
        }
        catch (DescribeConfigsException partly)
        {
            // One topic that may not be asked about says nothing of the others.
            foreach (var topic in partly.Results)
            {
                answers[topic.ConfigResource.Name] = topic.Error.IsError
                    ? new TopicAnswer(Settings: null, topic.Error)
                    : new TopicAnswer(TopicSettings.Read(topic.Entries), Fault: null);
            }
        }

        var cluster = await admin.DescribeClusterAsync(new DescribeClusterOptions { RequestTimeout = LookTimeout });
        return (answers, cluster.Nodes.Count);
    }

    /// <summary>Marks it as failed, once, and wakes the relays.</summary>
    public void Fail(Error error)
    {
        if (!_isFailed)
        {
            _isFailed = true;
            Log.ProducerFailed(_logger, error.Code.ToString(), error.Reason);
            _failed();
        }
    }

    /// <summary>Lets a new one take its place though nothing failed.</summary>
    public void Retire()
    {
        if (!_isFailed)
        {
            IsRetired = true;
            _isFailed = true;
            _failed();
        }
    }

    /// <summary>One more uses it. Only while somebody else does.</summary>
    public void Enter() => Interlocked.Increment(ref _users);

    /// <summary>
    /// One less uses it. The last one has it disposed, which waits for librdkafka's threads: what it still holds may be published or not, and the next
    /// session publishes it again.
    /// </summary>
    public Task Leave() => Interlocked.Decrement(ref _users) == 0 ? Task.Run(_producer.Dispose) : Task.CompletedTask;

    // On a thread of its own: the client's call blocks it until the answer comes, and while Kafka is away the pool's few are needed elsewhere.
    private Task<int> AskForPartitionsAsync(string topic) => Task.Factory.StartNew(
        () =>
        {
            using var admin = new DependentAdminClientBuilder(_producer.Handle).Build();
            var found = admin.GetMetadata(topic, MetadataTimeout).Topics.Single(t => t.Topic == topic);
            return found.Error.IsError || found.Partitions.Count == 0
                ? throw new KafkaException(found.Error.IsError ? found.Error : new Error(ErrorCode.UnknownTopicOrPart))
                : found.Partitions.Count;
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private void OnError(IClient producer, Error error)
    {
        if (error.Code == ErrorCode.Local_AllBrokersDown)
        {
            _rebootstrap.OnAllDown(producer);
        }

        if (error.IsFatal)
        {
            Fail(error);
        }
        else if (_errorNews.Is(error))
        {
            Log.KafkaTrouble(_logger, error.Code.ToString(), error.Reason);
        }
    }
}

/// <summary>What Kafka says of a topic's settings.</summary>
/// <param name="Settings">The settings; null when it doesn't tell.</param>
/// <param name="Fault">Why it doesn't.</param>
internal sealed record TopicAnswer(TopicSettings? Settings, Error? Fault);
