using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Tally.Inbox.Consuming;

namespace Tally.Inbox.Auditing;

/// <summary>
/// Asks Kafka about the topic, beside the consumer and without joining its group: the consumer's thread must not wait for answers, and only a question
/// sent after another answer proves what the order of the two was.
/// </summary>
internal sealed class TopicProbe : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly string _topic;
    private readonly Lazy<IConsumer<byte[], byte[]>> _client;
    private readonly Lazy<IAdminClient> _admin;
    private readonly Rebootstrap _rebootstrap;

    // A Kafka before 0.10 can't say what it understands; it would leave such questions without an answer.
    private bool _describes;

    private int? _brokers;

    // A question that waits inside the native client, which must not be taken away under it.
    private Task _waiting = Task.CompletedTask;

    public TopicProbe(InboxOptions options, TimeProvider time)
    {
        var settings = ConsumerSettings.Build(options);
        _topic = options.Topic;
        _describes = !(options.Kafka.Settings.TryGetValue("api.version.request", out var asks) && string.Equals(asks, "false", StringComparison.OrdinalIgnoreCase));
        // What it has to complain about, the consumer does too.
        _client = new(() => new ConsumerBuilder<byte[], byte[]>(settings).SetLogHandler(static (_, _) => { }).SetErrorHandler(static (_, _) => { }).Build());
        _admin = new(() => new DependentAdminClientBuilder(_client.Value.Handle).Build());
        _rebootstrap = new Rebootstrap(time, settings.BootstrapServers);
    }

    /// <summary>The client that asks for what is about the cluster's settings.</summary>
    public IAdminClient Admin => _admin.Value;

    /// <summary>What Kafka says of the topic now, or null when there is none.</summary>
    /// <exception cref="KafkaException">Kafka doesn't answer.</exception>
    public async Task<TopicFacts?> DescribeAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await DescribeOnceAsync(cancellationToken);
        }
        catch (KafkaException away) when (away.Error.Code is ErrorCode.Local_TimedOut or ErrorCode.Local_Transport)
        {
            // Nobody polls this client, so it can't say it by itself.
            _rebootstrap.OnAllDown(_client.Value);
            throw;
        }
    }

    private async Task<TopicFacts?> DescribeOnceAsync(CancellationToken cancellationToken)
    {
        if (_describes)
        {
            try
            {
                return await AskAsync(cancellationToken);
            }
            catch (KafkaException old) when (old.Error.Code is ErrorCode.Local_UnsupportedFeature or ErrorCode.UnsupportedVersion)
            {
                _describes = false;
            }
        }

        // All topics: to ask an old Kafka for one makes it.
        var all = await WaitAsync(() => Admin.GetMetadata(Patience), cancellationToken);
        return all.Topics.Find(topic => topic.Topic == _topic) is { Partitions.Count: > 0 } found
            ? new TopicFacts(null, found.Partitions.Count, found.Partitions.Min(static partition => partition.Replicas.Length), all.Brokers.Count)
            : null;
    }

    /// <summary>What the topic is set to.</summary>
    /// <exception cref="KafkaException">Kafka doesn't answer, doesn't know the question, or doesn't allow it.</exception>
    public async Task<TopicSettings> ReadSettingsAsync(CancellationToken cancellationToken)
    {
        if (!_describes)
        {
            throw new KafkaException(new Error(ErrorCode.Local_UnsupportedFeature, "this Kafka is too old to tell"));
        }

        var found = await Admin.DescribeConfigsAsync(
            [new ConfigResource { Type = ResourceType.Topic, Name = _topic }], new DescribeConfigsOptions { RequestTimeout = Patience }).WaitAsync(cancellationToken);
        return TopicSettings.Read(found[0].Entries);
    }

    /// <summary>Where a partition begins and ends now: the offset of its first message, and the one behind its last.</summary>
    /// <exception cref="KafkaException">Kafka doesn't answer.</exception>
    public async Task<(long First, long End)> ReadEndsAsync(int partition, CancellationToken cancellationToken)
    {
        var ends = await WaitAsync(() => _client.Value.QueryWatermarkOffsets(new TopicPartition(_topic, partition), Patience), cancellationToken);
        return (ends.Low, ends.High);
    }

    public void Dispose()
    {
        ((IAsyncResult)_waiting).AsyncWaitHandle.WaitOne(2 * Patience);
        if (_admin.IsValueCreated)
        {
            _admin.Value.Dispose();
        }

        if (_client.IsValueCreated)
        {
            _client.Value.Dispose();
        }
    }

    private async Task<TopicFacts?> AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            var found = await Admin.DescribeTopicsAsync(TopicCollection.OfTopicNames([_topic]), new DescribeTopicsOptions { RequestTimeout = Patience })
                .WaitAsync(cancellationToken);
            var topic = found.TopicDescriptions[0];
            return new TopicFacts(
                IdOf(topic.TopicId),
                topic.Partitions.Count,
                topic.Partitions.Min(static partition => partition.Replicas.Count),
                _brokers ??= await CountBrokersAsync(cancellationToken));
        }
        catch (DescribeTopicsException missing) when (missing.Results.TopicDescriptions.Exists(static topic => topic.Error.Code == ErrorCode.UnknownTopicOrPart))
        {
            return null;
        }
    }

    private Task<T> WaitAsync<T>(Func<T> ask, CancellationToken cancellationToken)
    {
        var asking = Task.Run(ask, CancellationToken.None);
        _waiting = asking;
        return asking.WaitAsync(cancellationToken);
    }

    private async Task<int> CountBrokersAsync(CancellationToken cancellationToken) =>
        (await Admin.DescribeClusterAsync(new DescribeClusterOptions { RequestTimeout = Patience }).WaitAsync(cancellationToken)).Nodes.Count;

    private static Guid? IdOf(Uuid? id)
    {
        if (id is null || (id.MostSignificantBits == 0 && id.LeastSignificantBits == 0))
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(bytes, id.MostSignificantBits);
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(bytes[8..], id.LeastSignificantBits);
        return new Guid(bytes, bigEndian: true);
    }
}
