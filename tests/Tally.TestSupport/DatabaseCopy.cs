using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace Tally.TestSupport;

/// <summary>A copy of a database, as a backup is. Whoever uses the database loses the connection, and goes on.</summary>
[SuppressMessage("Security", "CA2100", Justification = "The names are the tests' own.")]
public sealed class DatabaseCopy
{
    private readonly string _admin;
    private readonly string _name;

    private DatabaseCopy(string admin, string name) => (_admin, _name) = (admin, name);

    /// <summary>Makes a copy of a database whose owner has its name.</summary>
    /// <param name="admin">The connection string of one who may.</param>
    /// <param name="name">The database.</param>
    public static async Task<DatabaseCopy> TakeAsync(string admin, string name)
    {
        var copy = new DatabaseCopy(admin, name);
        await copy.ExecuteAsync(
            $"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
            $"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}'",
            $"CREATE DATABASE {name}_copy OWNER {name} TEMPLATE {name}",
            $"ALTER DATABASE {name} ALLOW_CONNECTIONS true");
        return copy;
    }

    /// <summary>Puts it in the place of the database.</summary>
    public Task PutBackAsync() => ExecuteAsync(
        $"DROP DATABASE {_name} WITH (FORCE)",
        $"ALTER DATABASE {_name}_copy RENAME TO {_name}");

    private async Task ExecuteAsync(params string[] statements)
    {
        await using var admin = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_admin) { Pooling = false }.ConnectionString);
        await using var connection = await admin.OpenConnectionAsync();
        foreach (var statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
