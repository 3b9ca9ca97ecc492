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
        if (connection.PostgreSqlVersion >= WithTransactionTimeout)
        {
            await using var command = new NpgsqlCommand($"SET transaction_timeout = {(long)options.CommitTimeout.TotalMilliseconds}", connection);
            await command.ExecuteNonQueryAsync();
        }

        return connection;
    }

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

        return NpgsqlDataSource.Create(settings);
    }
}
