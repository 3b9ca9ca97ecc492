using Npgsql;
using Tally.AppHost.Hosting;

namespace Tally.Bench.Load;

/// <summary>Statements for a bench's own purposes.</summary>
internal static class Sql
{
    public static async Task RunAsync(DatabaseConnection database, string sql)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await RunAsync(connection, sql);
    }

    public static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        // Vacuuming takes as long as it takes.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }

    public static async Task<long> NumberAsync(DatabaseConnection database, string sql)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
