using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Tally.Kafka;

namespace Tally.Outbox.Relaying;

/// <summary>Gives all shards the same producer, and a new one after it failed.</summary>
internal sealed class ProducerSource(OutboxOptions options, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly List<Action> _listeners = [];
    private ProducerSession? _current;

    // Only LookAtTopicsAsync's.
    private readonly TopicWatch _topics = new(options, time, logger);

    /// <summary>Calls back when a session failed. Before the first session only.</summary>
    public void OnFailure(Action listener) => _listeners.Add(listener);

    /// <summary>Which topics' settings are against what they are used for, a sentence each.</summary>
    public IReadOnlyList<string> TopicTroubles => _topics.Troubles;

    /// <summary>The producer in use, or a new one. Whoever gets it must leave it.</summary>
    /// <param name="since">A producer that was made before this time is retired, for all shards; null: any will do.</param>
    public async ValueTask<ProducerSession> EnterAsync(long? since = null)
    {
        await _gate.WaitAsync();
        try
        {
            if (_current?.Created < since)
            {
                _current.Retire();
            }

            if (_current is { IsFailed: true } failed)
            {
                _current = null;
                _ = failed.Leave();
            }

            if (_current is null)
            {
                Librdkafka.Load(options.Kafka);
                _current = new ProducerSession(options, time, logger, () => _listeners.ForEach(listener => listener()));
            }

            _current.Enter();
            return _current;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>
    /// Retires the producer when a topic was removed and made again, as when Kafka's disk was wiped: to a producer of before, the broker may acknowledge what it
    /// doesn't store. What it acknowledged until this is noticed, consumers ask for again.
    /// </summary>
    public async Task LookAtTopicsAsync(CancellationToken cancellationToken)
    {
        if (await EnterCurrentAsync(cancellationToken) is not { } session)
        {
            return;
        }

        try
        {
            // Not given up by a stop: the producer must not be disposed while it's asked.
            var topics = await session.DescribeTopicsAsync();
            if (_topics.IsAnyReplaced(topics))
            {
                session.Retire();
            }

            // Only then: this may fail, and a topic that was replaced is noticed once.
            await _topics.LookAtSettingsAsync(session, topics);
        }
        catch (KafkaException)
        {
            // Kafka is away, and the producer says so; or it's too old to tell.
        }
        finally
        {
            _ = session.Leave();
        }
    }

    private async Task<ProducerSession?> EnterCurrentAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_current is not { IsFailed: false } current)
            {
                return null;
            }

            current.Enter();
            return current;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>After all relays have ended.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_current is { } current)
        {
            await current.Leave();
        }

        _gate.Dispose();
    }
}
