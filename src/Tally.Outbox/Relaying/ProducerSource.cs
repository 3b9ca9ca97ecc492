using Microsoft.Extensions.Logging;
using Tally.Kafka;

namespace Tally.Outbox.Relaying;

/// <summary>Gives all shards the same producer, and a new one after it failed.</summary>
internal sealed class ProducerSource(OutboxOptions options, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly List<Action> _listeners = [];
    private ProducerSession? _current;

    /// <summary>Calls back when a session failed. Before the first session only.</summary>
    public void OnFailure(Action listener) => _listeners.Add(listener);

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
                _current = new ProducerSession(options, logger, time.GetTimestamp(), () => _listeners.ForEach(listener => listener()));
            }

            _current.Enter();
            return _current;
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
