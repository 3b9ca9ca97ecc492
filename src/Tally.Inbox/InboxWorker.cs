using System.Diagnostics.CodeAnalysis;
using Confluent.Kafka;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tally.Inbox.Auditing;
using Tally.Inbox.Consuming;
using Tally.Inbox.Diagnostics;
using Tally.Inbox.Folding;
using Tally.Inbox.Storage;

namespace Tally.Inbox;

/// <summary>Keeps a consume loop running: prepares the database, makes a loop, and makes another one when it ends.</summary>
internal sealed class InboxWorker<TState, TEvent>(
    InboxDatabase database,
    InboxHandler<TState, TEvent> handler,
    PositionReader<TState> positions,
    InboxMetrics metrics,
    AuditExchange exchange,
    IOptions<InboxOptions> options,
    TimeProvider time,
    ILoggerFactory loggers,
    IInboxSource<TState>? outbox = null) : BackgroundService
{
    // Kafka may be away; then the topic's name has to do.
    private static readonly TimeSpan TopicPatience = TimeSpan.FromSeconds(2);

    private readonly InboxOptions _options = options.Value;
    private readonly ILogger _logger = loggers.CreateLogger("Tally.Inbox");

    /// <inheritdoc />
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        // Before anything runs, so that a setting that Kafka's client doesn't know stops the start.
        ConsumerSettings.Check(_options);
        metrics.BeginAtZero();
        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        // A thread of its own: it waits inside librdkafka.
        Task.Factory.StartNew(() => Run(stoppingToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Run(CancellationToken stopping)
    {
        var monitor = new InboxMonitor(metrics, time, _logger);
        var pause = new RetryPause(_options.MaxRetryPause);
        while (!stopping.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            try
            {
                monitor.Unsafe(Wait(Task.Run(Prepare, CancellationToken.None), stopping));
                RunLoop(monitor, stopping);
            }
            catch (TopicRefusedException refused)
            {
                // Said in the log by who looked at the topic; looked at again there.
                monitor.NotReady(refused.Message);
                stopping.WaitHandle.WaitOne(_options.AuditInterval);
            }
            catch (Exception failure) when (failure is KafkaException or NotAssignedException or NewConsumerException || ConsumeLoop<TState, TEvent>.IsPassing(failure))
            {
                // One that worked for a while starts with short pauses again.
                if (time.GetElapsedTime(started) > 2 * _options.MaxRetryPause)
                {
                    pause.Reset();
                }

                var wait = pause.Next();
                monitor.NotReady(NotReadyReason.Of(failure));
                Log.ConsumerFailed(_logger, wait, failure);
                stopping.WaitHandle.WaitOne(wait);
            }
        }
    }

    /// <returns>What is unsafe and was allowed.</returns>
    private IReadOnlyList<string> Prepare()
    {
        using var connection = database.Source.OpenConnection();
        var hazards = ServerCheck.Run(connection, _options);
        if (hazards.Count > 0)
        {
            Log.Unsafe(_logger, string.Join(", ", hazards));
        }

        new InboxSchema(_options.SchemaName).Migrate(connection, handler.Prepare);
        return hazards;
    }

    private void RunLoop(InboxMonitor monitor, CancellationToken stopping)
    {
        var statements = new FoldStatements<TState, TEvent>(_options.SchemaName, handler);
        using var committer = new FoldCommitter<TState, TEvent>(database, statements, handler, metrics, time);
        var folder = new Folder<TState, TEvent>(handler, _options.Topic, _options.MaxSetAside, monitor, confirmsForks: outbox is not null, time);
        var parts = new LoopParts<TState, TEvent>(_options, handler, folder, committer, statements, () => ReadPositions(stopping), monitor, exchange, time, _logger);
        exchange.View = LoopView.Nothing;
        WaitHandle.WaitAny([((IAsyncResult)exchange.TopicLookedAt).AsyncWaitHandle, stopping.WaitHandle], TopicPatience);
        if (exchange.Refusal is { } refusal)
        {
            throw new TopicRefusedException(refusal);
        }

        using var loop = new ConsumeLoop<TState, TEvent>(parts, stopping);
        Log.Started(_logger, _options.Topic, _options.GroupId, _options.Schema);
        try
        {
            loop.Run();
        }
        finally
        {
            // What is said of this one's reading isn't about the next one.
            exchange.View = LoopView.Nothing;
            exchange.TakeStalled();
        }
    }

    private StoredPositions<TState> ReadPositions(CancellationToken stopping) =>
        Wait(positions.ReadAsync(database.Source, CancellationToken.None).WaitAsync(_options.CommitTimeout, time, stopping), stopping);

    // Given up rather than cancelled: cancelling asks the server, and waits for one that doesn't answer.
    [SuppressMessage("Usage", "VSTHRD002", Justification = "The loop's thread is its own, and has nothing else to do; only so can a stop end the wait.")]
    private static T Wait<T>(Task<T> task, CancellationToken stopping) => task.WaitAsync(stopping).GetAwaiter().GetResult();
}
