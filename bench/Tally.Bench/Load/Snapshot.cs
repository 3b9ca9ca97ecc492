using System.Data;
using Npgsql;
using Tally.AppHost.Hosting;

namespace Tally.Bench.Load;

/// <summary>A snapshot that is held open until it is disposed, as by a backup or a forgotten session: no version that it sees may go.</summary>
internal sealed class Snapshot : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;

    private Snapshot(NpgsqlConnection connection) => _connection = connection;

    public static async Task<Snapshot> TakeAsync(DatabaseConnection database, string table)
    {
        var connection = new NpgsqlConnection(database.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);

        // The first statement takes it.
        await Sql.RunAsync(connection, $"SELECT FROM {table} LIMIT 1");
        return new Snapshot(connection);
    }

    /// <summary>Ends it, and fails if the server ended it before: then nothing was held.</summary>
    public async ValueTask DisposeAsync()
    {
        await Sql.RunAsync(_connection, "COMMIT");
        await _connection.DisposeAsync();
    }
}
