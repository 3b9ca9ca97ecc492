using System.Diagnostics.CodeAnalysis;
using Npgsql;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Tests.Support;

/// <summary>A copy of a database, as a backup is. Whoever uses the database loses the connection, and goes on.</summary>
[SuppressMessage("Security", "CA2100", Justification = "The names are the system's own.")]
internal sealed class DatabaseCopy
{
    private readonly string _admin;
    private readonly string _name;

    private DatabaseCopy(string admin, string name) => (_admin, _name) = (admin, name);

    public static async Task<DatabaseCopy> TakeAsync(Connections connections, DatabaseConnection database)
    {
        var copy = new DatabaseCopy(connections.Postgres.ConnectionString, new NpgsqlConnectionStringBuilder(database.ConnectionString).Database!);
        await copy.ExecuteAsync(
            $"ALTER DATABASE {copy._name} ALLOW_CONNECTIONS false",
            $"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{copy._name}'",
            $"CREATE DATABASE {copy._name}_copy OWNER {copy._name} TEMPLATE {copy._name}",
            $"ALTER DATABASE {copy._name} ALLOW_CONNECTIONS true");
        return copy;
    }

    /// <summary>Puts it in the place of the database.</summary>
    public Task PutBackAsync() => ExecuteAsync(
        $"DROP DATABASE {_name} WITH (FORCE)",
        $"ALTER DATABASE {_name}_copy RENAME TO {_name}");

    private async Task ExecuteAsync(params string[] statements)
    {
        await using var admin = NpgsqlDataSource.Create(_admin);
        await using var connection = await admin.OpenConnectionAsync();
        foreach (var statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
