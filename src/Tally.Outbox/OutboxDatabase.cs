using Microsoft.Extensions.Options;
using Npgsql;
using Tally.Outbox.Schema;
using Tally.Outbox.Storage;
using Tally.Outbox.Trimming;

namespace Tally.Outbox;

/// <summary>The outbox's connections and statements.</summary>
internal sealed class OutboxDatabase : IAsyncDisposable
{
    public OutboxDatabase(IOptions<OutboxOptions> options)
    {
        var builder = new NpgsqlDataSourceBuilder(options.Value.ConnectionString)
        {
            // In metrics the pool is called by it; without one by its connection string, and so by host, user and database.
            Name = "outbox",
        };
        builder.ConnectionStringBuilder.ApplicationName ??= "tally-outbox";

        // A writer keeps its connection; claims, leases and reads share a few more.
        builder.ConnectionStringBuilder.MaxPoolSize = Math.Max(builder.ConnectionStringBuilder.MaxPoolSize, options.Value.Shards + 20);

        // Behind a pooler the next transaction has another connection: what a reset would clear is not this one's own.
        builder.ConnectionStringBuilder.NoResetOnClose |= !options.Value.PrepareStatements;
        DataSource = builder.Build();
        Segments = new SegmentStore(DataSource, options.Value);
        Leases = new LeaseStore(DataSource, options.Value, Segments);
        Batches = new BatchStore(DataSource, Segments);
        Progress = new ProgressStore(DataSource, Segments);
        Keys = new KeyStore(DataSource, options.Value, Segments);
        Trims = new TrimStore(DataSource, Segments);
        Kept = new KeptStore(DataSource, Segments);
        Consumers = new ConsumerStore(DataSource, Segments);
    }

    public NpgsqlDataSource DataSource { get; }

    public SegmentStore Segments { get; }

    public LeaseStore Leases { get; }

    public BatchStore Batches { get; }

    public ProgressStore Progress { get; }

    public KeyStore Keys { get; }

    public TrimStore Trims { get; }

    public KeptStore Kept { get; }

    public ConsumerStore Consumers { get; }

    public ValueTask DisposeAsync() => DataSource.DisposeAsync();
}
