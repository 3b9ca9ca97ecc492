using Npgsql;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Chaos;

/// <summary>All of it through pgbouncer in transaction mode: nothing that a connection was told holds for the next transaction.</summary>
[Collection(nameof(WholeSystems))]
public sealed class PoolerTests
{
    private const int Faster = 400;

    /// <summary>More than the services leave free, so that connections which they used are among them.</summary>
    private const int Looks = 12;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [ThoroughFact(Pooler.Program)]
    public async Task No_call_fails_in_the_end_behind_a_pooler_while_every_instance_is_restarted_in_turn()
    {
        await using var postgres = await PrivatePostgres.StartAsync();
        await using var pooler = await Pooler.StartAsync(postgres.ConnectionString);
        await using var whole = await WholeSystem.StartPairsAsync(settings => settings with
        {
            Postgres = pooler.ConnectionString,
            ServiceSettings = new Dictionary<string, string>(settings.ServiceSettings, StringComparer.Ordinal)
            {
                ["Outbox:PrepareStatements"] = "false",
                ["Inbox:PrepareStatements"] = "false",
                ["Outbox:Shards"] = "2",
                ["Outbox:SegmentSize"] = "1000",
                ["Outbox:Retention"] = "00:00:00",
            },
        });
        await using var load = await SteadyLoad.BeginAsync(whole.System, Faster);

        await RollingRestartTests.RestartAllAsync(whole, load);

        // Also what takes a segment away expects no session.
        await using var database = NpgsqlDataSource.Create(whole.System.Connections.Calculator.ConnectionString);
        await Eventually.TrueAsync(
            async () =>
            {
                await using var command = database.CreateCommand("SELECT coalesce(sum(count), 0) > 0 FROM outbox.trimmed");
                return (bool)(await command.ExecuteScalarAsync())!;
            },
            Patience);
        await load.ProveAsync();
        await AssertNothingSticksAsync(database);
    }

    /// <summary>What one client sets for its connection would hold for whoever has that connection of the server next: nobody did.</summary>
    private static async Task AssertNothingSticksAsync(NpgsqlDataSource database)
    {
        var held = new List<NpgsqlConnection>();
        try
        {
            for (var at = 0; at < Looks; at++)
            {
                var connection = await database.OpenConnectionAsync();
                held.Add(connection);
                await connection.BeginTransactionAsync();
                await using var command = new NpgsqlCommand(
                    "SELECT current_setting('lock_timeout') || current_setting('statement_timeout') || current_setting('transaction_timeout')", connection);
                Assert.Equal("000", await command.ExecuteScalarAsync());
            }
        }
        finally
        {
            foreach (var connection in held)
            {
                await connection.DisposeAsync();
            }
        }
    }
}
