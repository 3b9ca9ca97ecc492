using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tally.Outbox.Diagnostics;
using Tally.Outbox.Relaying;
using Tally.Outbox.Schema;
using Tally.Outbox.Writing;

namespace Tally.Outbox;

/// <summary>
/// The outbox of one process: prepares the database, then runs a writer and a relay a shard, the lease keeper, and the chore that notes how
/// far was relayed. Stops in the order in which data flows.
/// </summary>
internal sealed class OutboxService<TItem, TState>(
    IOptions<OutboxOptions> options,
    IOutboxEncoder<TItem, TState> encoder,
    OutboxDatabase database,
    OutboxMetrics metrics,
    TimeProvider time,
    ILogger<OutboxService<TItem, TState>> logger) : BackgroundService, IOutbox<TItem>, IOutboxStatus
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly OutboxOptions _options = options.Value;
    private readonly List<Task> _loops = [];
    private IReadOnlyList<string> _unsafe = [];
    private OutboxKeeper? _keeper;
    private Chore? _keyTurns;
    private ShardWriter<TItem, TState>[] _writers = [];
    private ShardRelay[] _relays = [];
    private ShardRouter<TItem, TState>? _router;
    private Task? _stopping;

    public bool IsReady => _keeper is { DatabaseAnswers: true } && _writers.Any(writer => writer.IsOpen);

    public int OwnedShards => _writers.Count(writer => writer.IsOpen);

    public string Reason => string.Join("; ", Remarks());

    private IEnumerable<string> Remarks()
    {
        yield return IsReady ? "ready"
            : _keeper is { DatabaseAnswers: true } ? "this instance owns no shard"
            : "the database doesn't answer";
        foreach (var relay in _relays.Where(relay => relay.StoppedBecause is not null))
        {
            yield return $"shard {relay.Shard} is stopped: {relay.StoppedBecause}";
        }

        foreach (var shards in _relays.ToLookup(relay => relay.MissingTopic, relay => relay.Shard, StringComparer.Ordinal).Where(shards => shards.Key is not null))
        {
            yield return $"Kafka has no topic '{shards.Key}', for which results wait (shard {string.Join(", ", shards)})";
        }

        foreach (var trouble in _keeper?.TopicTroubles ?? [])
        {
            yield return trouble;
        }

        if (_unsafe.Count > 0)
        {
            yield return $"unsafe: {string.Join(", ", _unsafe)}";
        }
    }

    public ValueTask<OutboxPosition> AppendAsync(OutboxMessage<TItem> message, CancellationToken cancellationToken = default)
    {
        Check(message);
        if (_keeper is not { DatabaseAnswers: true } || _router?.Pick(message.OrderingKey) is not { } writer)
        {
            var reason = IsReady ? "this instance does not own the shard of the ordering key" : Reason;
            return ValueTask.FromException<OutboxPosition>(new OutboxException(OutboxFault.Unavailable, $"The result was not stored: {reason}. Try again."));
        }

        var pending = PendingAppend<TItem>.Rent(OutboxTracing.WithContext(message), cancellationToken);
        if (writer.TryEnqueue(pending))
        {
            return pending.Task;
        }

        pending.Discard();
        return ValueTask.FromException<OutboxPosition>(new OutboxException(
            OutboxFault.Full, $"Too many calls wait for a commit ({_options.QueueCapacity} in a shard); try again later.")
        {
            RetryAfter = writer.HalfEmptyAfter,
        });
    }

    /// <summary>What Kafka could never take must not be committed.</summary>
    private static void Check(in OutboxMessage<TItem> message)
    {
        if (!TopicName.IsAllowed(message.Topic))
        {
            throw new ArgumentException($"The message's topic is '{message.Topic}'; allowed: {TopicName.Allowed}.", nameof(message));
        }

        if (message.Headers is { Count: > 0 } headers && headers.Values.Any(static value => value is null))
        {
            throw new ArgumentException("A header has no value.", nameof(message));
        }
    }

    /// <summary>A database that doesn't fit the options stops the start; one that is away is waited for, in the background.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (_options.RelayEnabled)
        {
            ProducerSettings.Check(_options);
        }

        var identity = await TryPrepareAsync(cancellationToken);
        if (identity is not null)
        {
            Run(identity);
        }

        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (_router is null)
        {
            await Task.Delay(RetryPause, time, stoppingToken);
            if (await TryPrepareAsync(stoppingToken) is { } identity)
            {
                Run(identity);
            }
        }

        // A loop that ends before it is asked to has met a fault that it doesn't know: the host stops, rather than go on without it.
        var ended = await Task.WhenAny(_loops.Append(Task.Delay(Timeout.Infinite, stoppingToken)));
        if (!stoppingToken.IsCancellationRequested)
        {
            await ended;
        }
    }

    /// <summary>Whoever stops it again waits for the same end.</summary>
    public override Task StopAsync(CancellationToken cancellationToken) => _stopping ??= StopOnceAsync(cancellationToken);

    private async Task StopOnceAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await Task.WhenAll(_writers.Select(writer => writer.StopAsync()));
        }
        finally
        {
            // Also when a loop had ended by a fault: others must not wait for leases that nobody renews.
            await EndAsync();
        }
    }

    /// <summary>
    /// Nothing is stored any more, so the shards are given up at once, whatever Kafka does: callers wait for their next owners. What is published after that, the
    /// next owner may publish, too: to consumers it's a replay. How far it came is noted only as long as the shard's epoch is still the one of here.
    /// </summary>
    private async Task EndAsync()
    {
        try
        {
            await Task.WhenAll(_relays.Select(relay => relay.StopAsync(_options.StopTimeout)).Prepend(_keeper?.LeaveAsync() ?? Task.CompletedTask));
        }
        finally
        {
            if (_keyTurns is not null)
            {
                await _keyTurns.DisposeAsync();
            }

            if (_keeper is not null)
            {
                await _keeper.DisposeAsync();
            }
        }
    }

    private async Task<OutboxIdentity?> TryPrepareAsync(CancellationToken cancellationToken)
    {
        try
        {
            _unsafe = await new ServerChecks(database.DataSource, _options, database.Segments).RunAsync(cancellationToken);
            if (_unsafe.Count > 0)
            {
                Log.Unsafe(logger, string.Join(", ", _unsafe));
            }

            return await new SchemaMigrator(database.DataSource, _options, database.Segments).MigrateAsync(cancellationToken);
        }
        catch (Exception away) when (DatabaseTrouble.IsAway(away))
        {
            Log.DatabaseNotReady(logger, away.Message);
            return null;
        }
    }

    private void Run(OutboxIdentity identity)
    {
        var instance = _options.Instance.Length > 0 ? _options.Instance : Environment.MachineName;
        var context = new OutboxContext(
            _options, $"{instance}/{Guid.NewGuid():n}", identity, database.DataSource, database.Segments, database.Leases, database.Batches, database.Progress,
            database.Trims, database.Kept, metrics, time, logger);
        Log.Started(logger, identity.System, _options.Schema, identity.Shards, context.Instance);

        var producers = new ProducerSource(_options, time, logger);
        _relays = [.. Enumerable.Range(0, identity.Shards).Select(shard => new ShardRelay(shard, context, producers))];
        _writers = [.. _relays.Select(relay => new ShardWriter<TItem, TState>(relay.Shard, context, encoder, relay))];
        var router = new ShardRouter<TItem, TState>(_writers, _options);
        _keeper = new OutboxKeeper(context, producers, _relays, _writers, router.Rotate);
        _keyTurns = new Chore("Dropping old idempotency keys", database.Keys.Interval, database.Keys.ChangeTurnAsync, time, logger);
        var keeper = _keeper;
        metrics.Observe(_options.QueueCapacity, () => _writers.Zip(_relays, (writer, relay) => new ShardView(
            writer.Shard, writer.IsOpen, writer.QueueLength, relay.Pending, relay.Published, relay.Republished, relay.StoppedBecause is not null,
            keeper.LeaseRemainingOf(writer.Shard))));

        _loops.AddRange(_relays.Select(relay => relay.Start()));
        _loops.AddRange(_writers.Select(writer => writer.Start()));
        _loops.AddRange(_keeper.Start());
        _loops.Add(_keyTurns.Start());
        _router = router;
    }
}
