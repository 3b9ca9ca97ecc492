using Npgsql;
using Tally.Inbox.Folding;
using Tally.Inbox.Storage;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Support;

/// <summary>An inbox's tables in a database of the test's own.</summary>
internal sealed class Store : IAsyncDisposable
{
    public static readonly TimeSpan Soon = Patience.Soon;

    private readonly IAsyncDisposable _database;

    private Store(IAsyncDisposable database, string connectionString)
    {
        _database = database;
        ConnectionString = connectionString;
        Source = NpgsqlDataSource.Create(connectionString);
    }

    public string ConnectionString { get; }

    public NpgsqlDataSource Source { get; }

    public FoldStatements<long, Number> Statements { get; } = new("inbox", new NumberHandler());

    public static async Task<Store> CreateEmptyAsync(TestEnvironment environment)
    {
        var database = await environment.CreateDatabaseAsync();
        return new Store(database, database.ConnectionString);
    }

    public static async Task<Store> CreateAsync(TestEnvironment environment)
    {
        var store = await CreateEmptyAsync(environment);
        store.Migrate();
        return store;
    }

    public void Migrate()
    {
        using var connection = Source.OpenConnection();
        new InboxSchema("inbox").Migrate(connection, static _ => { });
    }

    public async Task<T> QueryAsync<T>(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task CommitAsync(Fold<long, Number> fold, NpgsqlConnection? connection = null)
    {
        await using var own = connection is null ? await Source.OpenConnectionAsync() : null;
        await using var batch = new NpgsqlBatch(connection ?? own);
        Statements.AddTo(batch, fold);
        await batch.ExecuteNonQueryAsync();
    }

    public Task<StoredPositions<long>> ReadPositionsAsync() =>
        new PositionReader<long>("inbox", stored => new NumberHandler().Load(stored)).ReadAsync(Source, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await _database.DisposeAsync();
    }
}
