using Npgsql;
using Tally.Outbox.Schema;
using Tally.Outbox.Storage;

namespace Tally.Outbox.Tests.Support;

/// <summary>The outbox's statements on a migrated database, without anything that runs by itself.</summary>
internal sealed class Stores : IAsyncDisposable
{
    private Stores(string connectionString, OutboxOptions options)
    {
        Options = options;
        DataSource = NpgsqlDataSource.Create(connectionString);
        Segments = new SegmentStore(DataSource, options);
        Leases = new LeaseStore(DataSource, options, Segments);
        Batches = new BatchStore(DataSource, Segments);
        Keys = new KeyStore(DataSource, options, Segments);
    }

    public OutboxOptions Options { get; }

    public NpgsqlDataSource DataSource { get; }

    public SegmentStore Segments { get; }

    public LeaseStore Leases { get; }

    public BatchStore Batches { get; }

    public KeyStore Keys { get; }

    public static async Task<Stores> CreateAsync(string connectionString, Action<OutboxOptions>? configure = null)
    {
        var options = new OutboxOptions { ConnectionString = connectionString, Shards = 1 };
        configure?.Invoke(options);
        var stores = new Stores(connectionString, options);
        await stores.MigrateAsync();
        return stores;
    }

    public Task<OutboxIdentity> MigrateAsync() => new SchemaMigrator(DataSource, Options, Segments).MigrateAsync(CancellationToken.None);

    public Task<WriterConnection> OpenWriterAsync(ShardClaim claim) =>
        WriterConnection.OpenAsync(DataSource, Segments, claim, Options.CommitTimeout, Options.PrepareStatements, CancellationToken.None);

    public Task<bool> SomebodyWaitsAsync() => QueryAsync<bool>("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)");

    public async Task<T> QueryAsync<T>(string sql)
    {
        await using var command = DataSource.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public ValueTask DisposeAsync() => DataSource.DisposeAsync();
}
