using System.Diagnostics;
using Npgsql;
using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Chaos;

/// <summary>A new version comes in the way it does everywhere: one instance after the other is stopped cleanly and started again, while callers go on.</summary>
[Collection(nameof(WholeSystems))]
public sealed class RollingRestartTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(2);

    /// <summary>A lease of 5 s, and time to claim.</summary>
    private static readonly TimeSpan Adopted = TimeSpan.FromSeconds(10);

    /// <summary>What is killed is killed after so long.</summary>
    private static readonly TimeSpan Killed = TimeSpan.FromSeconds(10);

    [KafkaFact]
    public async Task No_call_fails_in_the_end_while_every_instance_is_restarted_in_turn()
    {
        await using var whole = await WholeSystem.StartPairsAsync();
        await using var load = await SteadyLoad.BeginAsync(whole.System);

        await RestartAllAsync(whole, load);

        // One that dies gives nothing up: its leases end.
        await using var database = NpgsqlDataSource.Create(whole.System.Connections.Calculator.ConnectionString);
        await whole.System.StopComponentAsync("calculator-1", kill: true).Within(Patience);
        await OwnersAreAsync(database, Adopted, "calculator-2");
        await load.AnswersAgainAsync(AtOnce);

        await whole.System.StartComponentAsync("calculator-1", CancellationToken.None).Within(Patience);
        await load.ProveAsync();
    }

    /// <summary>Stops each instance cleanly and starts it again, one after the other.</summary>
    internal static async Task RestartAllAsync(WholeSystem whole, SteadyLoad load)
    {
        await using var database = NpgsqlDataSource.Create(whole.System.Connections.Calculator.ConnectionString);
        await OwnersAreAsync(database, Patience, "calculator-1", "calculator-2");
        foreach (var name in (string[])["calculator-1", "totals-1", "calculator-2", "totals-2"])
        {
            var began = Stopwatch.GetTimestamp();
            await whole.System.StopComponentAsync(name).Within(Patience);
            Assert.True(Stopwatch.GetElapsedTime(began) < Killed, $"{name} didn't stop by itself.");

            await load.AnswersAgainAsync(AtOnce);
            if (ServiceNames.Is(name, ServiceNames.Calculator))
            {
                // What it had is not waited for until its leases would have ended: it gave them up.
                await OwnersAreAsync(database, AtOnce, name == "calculator-1" ? "calculator-2" : "calculator-1");
            }

            await whole.System.StartComponentAsync(name, CancellationToken.None).Within(Patience);
        }

        await OwnersAreAsync(database, Patience, "calculator-1", "calculator-2");
    }

    /// <summary>Waits until these instances, and nobody else, own all shards.</summary>
    private static Task OwnersAreAsync(NpgsqlDataSource database, TimeSpan within, params string[] instances) => Eventually.TrueAsync(
        async () =>
        {
            await using var command = database.CreateCommand(
                "SELECT coalesce(array_agg(DISTINCT split_part(owner, '/', 1) ORDER BY split_part(owner, '/', 1)), '{}') FROM outbox.leases");
            var owners = (string[])(await command.ExecuteScalarAsync())!;
            return owners.SequenceEqual(instances, StringComparer.Ordinal);
        },
        within,
        $"the owners are {string.Join(" and ", instances)}");
}
