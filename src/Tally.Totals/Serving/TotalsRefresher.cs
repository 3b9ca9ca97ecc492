using Npgsql;
using Tally.Inbox;

namespace Tally.Totals.Serving;

/// <summary>
/// Keeps the view's knowledge about other instances' shards fresh while somebody asks: one query at a time, however many are waiting. Otherwise it looks
/// every few seconds, for the metrics.
/// </summary>
internal sealed class TotalsRefresher(TotalsView view, IInbox<Amount> inbox, TimeProvider time, ILogger<TotalsRefresher> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Interest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Stale = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _wake = new(0, 1);
    private long _askedAt;
    private bool _failed;

    /// <summary>Called by whoever wants to know the total: reads it when what is known is old, and keeps it fresh for a while.</summary>
    /// <exception cref="NpgsqlException">What is known is old, and the database can't be read.</exception>
    public async Task EnsureFreshAsync(CancellationToken cancellationToken)
    {
        Volatile.Write(ref _askedAt, time.GetTimestamp());
        if (_wake.CurrentCount == 0)
        {
            Wake();
        }

        if (view.Age > Stale)
        {
            await RefreshAsync(cancellationToken);
        }
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            if (!await _wake.WaitAsync(Idle, stoppingToken) && !inbox.Status.IsReady)
            {
                // Nobody asks, and the tables may not be there yet.
                continue;
            }

            do
            {
                try
                {
                    await RefreshAsync(stoppingToken);
                    if (_failed)
                    {
                        _failed = false;
                        Log.TotalReadAgain(logger);
                    }

                    await Task.Delay(Pause, time, stoppingToken);
                }
                catch (Exception failure) when (DatabaseTrouble.Is(failure))
                {
                    if (!_failed)
                    {
                        _failed = true;
                        Log.TotalNotRead(logger, failure);
                    }

                    await Task.Delay(Stale, time, stoppingToken);
                }
            }
            while (view.HasWaiters || time.GetElapsedTime(Volatile.Read(ref _askedAt)) < Interest);
        }
    }

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var askedAt = time.GetTimestamp();
        view.UpdateFromDatabase(await inbox.ReadPositionsAsync(cancellationToken), askedAt);
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else was faster; once is enough.
        }
    }
}
