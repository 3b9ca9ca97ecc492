using Npgsql;

namespace Tally.Inbox.Storage;

/// <summary>Makes connections for the inbox, with its timeouts.</summary>
internal sealed class InboxDatabase(InboxOptions options) : IAsyncDisposable, IDisposable
{
    // The server learned to end a transaction by itself in this version; older ones refuse the setting.
    private static readonly Version WithTransactionTimeout = new(17, 0);

    public NpgsqlDataSource Source { get; } = Build(options);

    /// <summary>A connection for folds: a transaction whose client stalled half-way is ended by the server.</summary>
    public async Task<NpgsqlConnection> OpenForFoldsAsync()
    {
        var connection = await Source.OpenConnectionAsync();
        if (options.PrepareStatements && connection.PostgreSqlVersion >= WithTransactionTimeout)
        {
            await using var command = new NpgsqlCommand($"SET transaction_timeout = {Limit}", connection);
            await command.ExecuteNonQueryAsync();
        }

        return connection;
    }

    /// <summary>
    /// Behind a pooler each transaction may run on another connection of the server, so the limit can't be set for the connection: it travels at the head of the
    /// batch, and ends with its transaction.
    /// </summary>
    public void AddLimitTo(NpgsqlBatch batch)
    {
        if (!options.PrepareStatements && batch.Connection!.PostgreSqlVersion >= WithTransactionTimeout)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand($"SELECT set_config('transaction_timeout', '{Limit}', true)"));
        }
    }

    private long Limit => (long)options.CommitTimeout.TotalMilliseconds;

    public ValueTask DisposeAsync() => Source.DisposeAsync();

    public void Dispose() => Source.Dispose();

    private static NpgsqlDataSource Build(InboxOptions options)
    {
        var settings = new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            CommandTimeout = (int)Math.Ceiling(options.CommitTimeout.TotalSeconds),
            ApplicationName = "tally-inbox",
        };
        settings.Timeout = Math.Min(settings.Timeout, settings.CommandTimeout);
        if (options.PrepareStatements && settings.MaxAutoPrepare == 0)
        {
            settings.MaxAutoPrepare = 16;
            settings.AutoPrepareMinUsages = 2;
        }

        // Behind a pooler the next transaction has another connection: what a reset would clear is not this one's own.
        settings.NoResetOnClose |= !options.PrepareStatements;

        // In metrics the pool is called by the name; without one by its connection string, and so by host, user and database.
        return new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = "inbox" }.Build();
    }
}
