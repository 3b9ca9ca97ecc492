using System.Data;
using System.Diagnostics.CodeAnalysis;
using Npgsql;
using Tally.AppHost.Tests.Chaos;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Faults;

/// <summary>Somebody reads both databases in a transaction that doesn't end, as a backup does, on a real system.</summary>
[Collection(nameof(WholeSystems))]
public sealed class HeldSnapshotTests
{
    private const string Segments = "SELECT count(*) FROM pg_partition_tree('outbox.outbox_batches') WHERE isleaf";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [ThoroughFact]
    public Task A_snapshot_held_open_under_load_stops_neither_adds_nor_segments_nor_the_total() => HoldAsync(TimeSpan.FromSeconds(20));

    [ThoroughFact]
    public Task A_snapshot_held_open_for_minutes_under_load_stops_neither_adds_nor_segments_nor_the_total() => HoldAsync(TimeSpan.FromMinutes(4));

    private static async Task HoldAsync(TimeSpan time)
    {
        await using var system = await WholeSystem.StartAsync(settings => settings with
        {
            Calculators = 2,
            Totals = 2,
            ServiceSettings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Totals:History"] = "table",
                ["Outbox:Shards"] = "2",
                ["Outbox:SegmentSize"] = "1000",
                ["Outbox:Retention"] = "00:00:00",
            },
        });
        await using var callers = Callers.Start(system, rate: 300);
        await callers.GoOnAsync(300);
        await using var calculator = await SnapshotAsync(system.System.Connections.Calculator.ConnectionString, "outbox.outbox_batches");
        await using var totals = await SnapshotAsync(system.System.Connections.Totals.ConnectionString, "inbox.folds");
        var segments = await system.QueryOutboxAsync(Segments);

        var held = Task.Delay(time);
        do
        {
            // Fails unless that many calls are answered meanwhile.
            await callers.GoOnAsync(300);
        }
        while (!held.IsCompleted);
        Assert.True(await system.QueryOutboxAsync(Segments) > segments);
        await system.ProveAsync(books: null, Patience);

        await calculator.DisposeAsync();
        await totals.DisposeAsync();
        await system.ProveAsync(await callers.EndAsync(), Patience);
    }

    /// <summary>A transaction that has read a table, and so holds it as well as its snapshot.</summary>
    [SuppressMessage("Security", "CA2100", Justification = "The names are this test's own.")]
    private static async Task<NpgsqlConnection> SnapshotAsync(string connectionString, string table)
    {
        var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM {table}", connection);
        await command.ExecuteScalarAsync();
        return connection;
    }
}
