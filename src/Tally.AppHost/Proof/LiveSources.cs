using Npgsql;
using Tally.Outbox;

namespace Tally.AppHost.Proof;

/// <summary>A running system's places: the outbox read from PostgreSQL, the total asked from Totals.</summary>
internal sealed class LiveSources : IProofSources, IAsyncDisposable
{
    private readonly NpgsqlDataSource _database;
    private readonly OutboxReader _outbox;
    private readonly TotalsSource _totals;

    /// <param name="connectionString">The Calculator's database.</param>
    /// <param name="totalsAddresses">The HTTP addresses of all Totals.</param>
    public LiveSources(string connectionString, IReadOnlyList<string> totalsAddresses)
    {
        _database = NpgsqlDataSource.Create(connectionString);
        _outbox = new OutboxReader(_database);
        _totals = new TotalsSource(totalsAddresses);
    }

    public Task<IReadOnlyList<OutboxShardPosition>> ReadOutboxAsync(CancellationToken cancellationToken) =>
        _outbox.GetPositionsAsync(cancellationToken);

    public Task<TotalsStatus> ReadTotalsAsync(CancellationToken cancellationToken) => _totals.ReadAsync(cancellationToken);

    public async Task<StoredSum?> AddUpAsync(int shard, long to, long relayed, CancellationToken cancellationToken)
    {
        var trimmed = await _outbox.GetTrimmedAsync(shard, cancellationToken);
        while (trimmed.LastSequence <= to)
        {
            var adding = new ShardSum(shard, trimmed, relayed);
            await foreach (var message in _outbox.ReadAsync(shard, trimmed.LastSequence + 1, to, cancellationToken))
            {
                adding.Add(message);
            }

            // What is missing may have been dropped while this read. Then it is in what was trimmed by now.
            var before = trimmed.LastSequence;
            trimmed = adding.Stored.Count == to ? trimmed : await _outbox.GetTrimmedAsync(shard, cancellationToken);
            if (trimmed.LastSequence == before)
            {
                return adding.ToSum();
            }
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        _totals.Dispose();
        await _database.DisposeAsync();
    }
}
