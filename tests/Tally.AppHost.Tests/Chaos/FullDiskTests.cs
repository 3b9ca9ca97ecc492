using Grpc.Core;
using Npgsql;
using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Chaos;

/// <summary>The disk of PostgreSQL is full, and then it isn't: both databases of the system lie on a small one.</summary>
[Collection(nameof(WholeSystems))]
public sealed class FullDiskTests
{
    private const int Megabytes = 400;
    private const int Failures = 50;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Full = TimeSpan.FromSeconds(5);

    /// <summary>Of an attempt: every failure must come before, since none may be a deadline that passed.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    [SmallDiskFact]
    public Task Adds_fail_with_a_code_while_tables_cannot_grow_and_all_is_well_once_there_is_room() => OnSmallDiskAsync(async (whole, disk, load) =>
    {
        disk.Fill(restKilobytes: 512);
        await Eventually.TrueAsync(() => load.Failures.Values.Sum() >= Failures, Patience);
        await Task.Delay(Full);
        disk.Clear();

        // Nobody starts anything again: the same processes go on.
        await load.AnswersAgainAsync(Patience);
        Assert.False(whole.System.GaveUp.IsCompleted);
    });

    [SmallDiskFact]
    public Task Adds_fail_with_a_code_while_the_log_cannot_grow_and_all_is_well_once_there_is_room() => OnSmallDiskAsync(async (whole, disk, load) =>
    {
        disk.Fill(restKilobytes: 0);

        // The log goes on in one file after the other, until there is none left and no room for another one: PostgreSQL ends. Mostly it can't start either, and is
        // given up; sometimes recovering leaves it a file.
        var first = Postgres(whole).Pid;
        await Eventually.TrueAsync(
            async () =>
            {
                await BeginNextLogFileAsync(whole.System.Connections.Postgres.ConnectionString);
                return Postgres(whole).Pid != first;
            },
            Patience,
            "PostgreSQL ended");
        await Eventually.TrueAsync(() => load.Failures.Values.Sum() >= Failures, Patience);
        await Task.Delay(Full);
        disk.Clear();

        // Where it was given up, somebody starts it again.
        await Eventually.TrueAsync(
            async () =>
            {
                if (Postgres(whole).State == ComponentPhase.Failed)
                {
                    await whole.System.StartComponentAsync("postgres", CancellationToken.None).Within(Patience);
                }

                return await whole.IsReadyAsync("postgres");
            },
            Patience);
        await load.AnswersAgainAsync(Patience);
    });

    private static ComponentState Postgres(WholeSystem whole) => whole.System.State.Components["postgres"];

    private static async Task BeginNextLogFileAsync(string superuser)
    {
        try
        {
            await using var connection = new NpgsqlConnection(superuser + ";Pooling=false");
            await connection.OpenAsync();
            foreach (var statement in (string[])["SELECT pg_logical_emit_message(false, 'test', 'something to begin it with')", "SELECT pg_switch_wal()"])
            {
                await using var command = new NpgsqlCommand(statement, connection);
                await command.ExecuteNonQueryAsync();
            }
        }
        catch (NpgsqlException)
        {
            // It is on its way down, or back up.
        }
    }

    private static async Task OnSmallDiskAsync(Func<WholeSystem, SmallDisk, SteadyLoad, Task> fillAsync)
    {
        await using var whole = await WholeSystem.StartPairsAsync();
        await whole.System.StopComponentAsync("postgres").Within(Patience);
        using var disk = await SmallDisk.UnderAsync(whole.PostgresFolder, Megabytes);
        try
        {
            await whole.System.StartComponentAsync("postgres", CancellationToken.None).Within(Patience);
            await using var load = await SteadyLoad.BeginAsync(whole.System, deadline: Deadline);

            await fillAsync(whole, disk, load);

            await load.ProveAsync();
            Assert.Empty(load.Failures.Keys.Except([StatusCode.Unavailable, StatusCode.ResourceExhausted]));
            Assert.Contains("No space left on device", await whole.ReadLogAsync("postgres"), StringComparison.Ordinal);
        }
        finally
        {
            // Before the disk goes, whose place can't be removed while it is there.
            foreach (var name in (string[])["calculator-1", "calculator-2", "totals-1", "totals-2", "postgres"])
            {
                await whole.System.StopComponentAsync(name).Within(Patience);
            }
        }
    }
}
