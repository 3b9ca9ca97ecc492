using Npgsql;

namespace Tally.TestSupport;

/// <summary>A database that one test has to itself, with a role that owns it as a service's role does.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly string _admin;

    private TestDatabase(string admin, string name)
    {
        _admin = admin;
        Name = name;
        ConnectionString = new NpgsqlConnectionStringBuilder(admin) { Database = name, Username = name, Password = name }.ConnectionString;
    }

    /// <summary>Its name, and its owner's.</summary>
    public string Name { get; }

    /// <summary>How its owner connects to it.</summary>
    public string ConnectionString { get; }

    /// <summary>Makes a database.</summary>
    /// <param name="admin">The connection string of one who may.</param>
    public static async Task<TestDatabase> CreateAsync(string admin)
    {
        var database = new TestDatabase(admin, $"test_{Guid.NewGuid():N}");
        await database.RunAsync(
            $"CREATE ROLE {database.Name} LOGIN PASSWORD '{database.Name}'",
            $"GRANT {database.Name} TO CURRENT_USER",
            $"CREATE DATABASE {database.Name} OWNER {database.Name}");
        return database;
    }

    /// <summary>Makes a copy, to put it back later.</summary>
    public Task<DatabaseCopy> CopyAsync() => DatabaseCopy.TakeAsync(_admin, Name);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await using (var pool = new NpgsqlConnection(ConnectionString))
        {
            NpgsqlConnection.ClearPool(pool);
        }

        await RunAsync($"DROP DATABASE IF EXISTS {Name} WITH (FORCE)", $"DROP ROLE IF EXISTS {Name}");
    }

    private async Task RunAsync(params string[] statements)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_admin) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        foreach (var statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
