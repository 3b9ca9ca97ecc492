using Grpc.Core;
using Grpc.Net.Client;
using Npgsql;
using Tally.AppHost.Tests.Support;
using Tally.Contracts.V1;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Chaos;

/// <summary>
/// A process is stopped in its tracks (SIGSTOP) with a statement on its way to the database, for so long that another one has taken its place. Then the statement
/// arrives, and the process goes on.
/// </summary>
[Collection(nameof(WholeSystems))]
public sealed class StalledProcessTests
{
    private const int Calls = 20;

    /// <summary>What PostgreSQL logs when a fold doesn't begin behind the last one.</summary>
    private const string Refused = "null value in column \"from_sequence\"";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [KafkaFact]
    public async Task A_Totals_that_slept_in_the_middle_of_a_fold_changes_nothing()
    {
        await using var whole = await WholeSystem.StartPairsAsync();
        var system = whole.System;
        await using var admin = NpgsqlDataSource.Create(system.Connections.Postgres.ConnectionString);
        await using var totals = NpgsqlDataSource.Create(system.Connections.Totals.ConnectionString);

        // The only one, so that all folds are its own.
        await system.StopComponentAsync("totals-2").Within(Patience);
        await using var load = await SteadyLoad.BeginAsync(system);
        using var backend = await StoppedBackend.StopBeforeStatementAsync(admin, "%INSERT INTO totals.totals_history%");
        system.Freeze("totals-1");
        try
        {
            // It answers only when it has partitions, and so when the session of the sleeper has ended.
            await system.StartComponentAsync("totals-2", CancellationToken.None).Within(Patience);
            await load.EndAsync("totals-2");
            var before = await ReadAsync(totals);
            Assert.DoesNotContain(Refused, await whole.ReadLogAsync("postgres"), StringComparison.Ordinal);

            await backend.GoOnAsync();

            await Eventually.TrueAsync(async () => (await whole.ReadLogAsync("postgres")).Contains(Refused, StringComparison.Ordinal), Patience);
            Assert.Equal(before, await ReadAsync(totals));
        }
        finally
        {
            system.Thaw("totals-1");
        }

        // Both go on from what the database holds.
        await using var further = await SteadyLoad.BeginAsync(system);
        await Eventually.TrueAsync(() => whole.IsReadyAsync("totals-1"), Patience);
        await load.ProveAsync(further);
    }

    [KafkaFact]
    public async Task A_Calculator_that_slept_longer_than_its_lease_writes_nothing_and_says_UNAVAILABLE()
    {
        await using var whole = await WholeSystem.StartPairsAsync(settings => settings with
        {
            // A shard each, and so a connection each that stores.
            ServiceSettings = new Dictionary<string, string>(settings.ServiceSettings, StringComparer.Ordinal) { ["Outbox:Shards"] = "2" },
        });
        var system = whole.System;
        await using var admin = NpgsqlDataSource.Create(system.Connections.Postgres.ConnectionString);
        await using var calculator = NpgsqlDataSource.Create(system.Connections.Calculator.ConnectionString);
        using var sleeper = GrpcChannel.ForAddress(system.State.Components["calculator-1"].Endpoints["grpc"]);
        using var other = GrpcChannel.ForAddress(system.State.Components["calculator-2"].Endpoints["grpc"]);
        await Eventually.TrueAsync(async () => (await OwnersAsync(calculator)).Length == 2, Patience);
        await AddUntilAsync(other, _ => true);
        var shard = await AddUntilAsync(sleeper, _ => true);

        using var backend = await StoppedBackend.StopAsync(admin, $"%INSERT INTO%batches_{shard} (%FOR SHARE%");
        var calls = Enumerable.Range(0, Calls).Select(_ => AddAsync(sleeper)).ToArray();
        await backend.WaitForStatementAsync();
        system.Freeze("calculator-1");
        long stored;
        try
        {
            await Eventually.TrueAsync(async () => (await OwnersAsync(calculator)) is ["calculator-2"], Patience);
            await AddUntilAsync(other, position => position.Shard == shard);
            stored = await CountAsync(calculator);

            // What it sent before comes in the epoch that it had.
            await backend.GoOnAsync();
        }
        finally
        {
            system.Thaw("calculator-1");
        }

        foreach (var call in calls)
        {
            var failure = await Assert.ThrowsAsync<RpcException>(() => call.Within(Patience));
            Assert.Equal((StatusCode.Unavailable, "no"), (failure.StatusCode, failure.Trailers.GetValue("tally-stored")));
        }

        Assert.Equal(stored, await CountAsync(calculator));

        // It gets its share again, and works.
        await Eventually.TrueAsync(async () => (await OwnersAsync(calculator)).Length == 2, Patience);
        await using var load = await SteadyLoad.BeginAsync(system);
        await load.EndAsync();
        var (proved, proof) = await whole.RunAsync("verify", "--timeout", "60");
        Assert.True(proved == 0, proof.GetRawText());
    }

    private static Task<AddReply> AddAsync(GrpcChannel channel) =>
        new Calculator.CalculatorClient(channel).AddAsync(new AddRequest { A = "40", B = "2" }).ResponseAsync;

    /// <summary>Adds until an answer is as wanted: which shard takes an add changes every second.</summary>
    /// <returns>The shard that took the last one.</returns>
    private static async Task<int> AddUntilAsync(GrpcChannel channel, Func<Position, bool> isWanted)
    {
        Position? last = null;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return isWanted(last = (await AddAsync(channel)).Position);
                }
                catch (RpcException failure) when (failure.StatusCode == StatusCode.Unavailable)
                {
                    return false;
                }
            },
            Patience,
            "an add is answered as wanted");
        return last!.Shard;
    }

    private static async Task<string[]> OwnersAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand("SELECT coalesce(array_agg(DISTINCT split_part(owner, '/', 1)), '{}') FROM outbox.leases");
        return (string[])(await command.ExecuteScalarAsync())!;
    }

    private static async Task<long> CountAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand("SELECT coalesce(sum(last_sequence - first_sequence + 1), 0)::bigint FROM outbox.outbox_batches");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>All that Totals holds, as one text.</summary>
    private static async Task<string> ReadAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand(
            """
            SELECT string_agg(p::text, E'\n' ORDER BY shard) || (SELECT E'\n' || count(*) || ' ' || sum(value) FROM totals.totals_history)
            FROM inbox.positions p
            """);
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
