using System.Security.Cryptography;
using Npgsql;

namespace Tally.AppHost.Components;

/// <summary>Makes databases and the roles that own them.</summary>
internal static class DatabaseSetup
{
    /// <summary>A password that needs no quoting anywhere.</summary>
    public static string NewPassword() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>Makes a database that belongs to a role of the same name, whom nobody else's database is open to; what is there stays.</summary>
    /// <param name="admin">A connection that may make databases and roles.</param>
    /// <param name="name">The name of both: lower case letters, digits and underscores.</param>
    /// <param name="password">The role's password.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task EnsureAsync(NpgsqlConnection admin, string name, string password, CancellationToken cancellationToken)
    {
        await EnsureRoleAsync(admin, name, password, cancellationToken);
        if (!await ExistsAsync(admin, "SELECT 1 FROM pg_database WHERE datname = $1", name, cancellationToken))
        {
            await ExecuteAsync(admin, $"CREATE DATABASE {name} OWNER {name}", cancellationToken);
        }

        await ExecuteAsync(admin, $"REVOKE ALL ON DATABASE {name} FROM PUBLIC", cancellationToken);
    }

    /// <summary>Drops a database and its role, if they are there.</summary>
    /// <param name="admin">A connection that may drop them.</param>
    /// <param name="name">The name of both.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task DropAsync(NpgsqlConnection admin, string name, CancellationToken cancellationToken)
    {
        await ExecuteAsync(admin, $"DROP DATABASE IF EXISTS {name} WITH (FORCE)", cancellationToken);
        await ExecuteAsync(admin, $"DROP ROLE IF EXISTS {name}", cancellationToken);
    }

    private static async Task EnsureRoleAsync(NpgsqlConnection admin, string name, string password, CancellationToken cancellationToken)
    {
        if (await ExistsAsync(admin, "SELECT 1 FROM pg_roles WHERE rolname = $1", name, cancellationToken))
        {
            await ExecuteAsync(admin, $"ALTER ROLE {name} LOGIN PASSWORD '{password}'", cancellationToken);
            return;
        }

        await ExecuteAsync(admin, $"CREATE ROLE {name} LOGIN PASSWORD '{password}'", cancellationToken);

        // Only a member may make another role the owner; a superuser is one of every role.
        await ExecuteAsync(admin, $"GRANT {name} TO CURRENT_USER", cancellationToken);
    }

    private static async Task<bool> ExistsAsync(NpgsqlConnection connection, string query, string name, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(query, connection) { Parameters = { new() { Value = name } } };
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string statement, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
