using System.Diagnostics.CodeAnalysis;
using Npgsql;
using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Hosting;

/// <summary>Systems that are a PostgreSQL only: enough to see how a system starts, dies, and stops.</summary>
public sealed class LocalSystemTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(300);

    private readonly TemporaryFolder _folder = new();
    private readonly TestReporter _reporter = new();

    private string Data => _folder.In("system");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_was_stored_before_is_still_there()
    {
        await using (var system = await StartAsync())
        {
            await ExecuteAsync(system.Connections.Calculator, "CREATE TABLE kept AS SELECT 42 AS answer");
        }

        await using var again = await StartAsync();

        Assert.Equal(42, await ExecuteAsync(again.Connections.Calculator, "SELECT answer FROM kept"));
        Assert.Empty(_reporter.Troubles);
    }

    [Fact]
    public async Task A_role_reaches_its_own_database_only()
    {
        await using var system = await StartAsync();
        var trespasser = new NpgsqlConnectionStringBuilder(system.Connections.Totals.ConnectionString) { Database = "calculator" };

        var refused = await Assert.ThrowsAsync<PostgresException>(
            () => ExecuteAsync(system.Connections.Totals with { ConnectionString = trespasser.ConnectionString }, "SELECT 1"));

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    public async Task A_second_system_in_the_same_folder_is_refused_and_told_who_has_it()
    {
        await using var system = await StartAsync();

        var problem = await Assert.ThrowsAsync<SystemProblemException>(StartAsync);

        Assert.Equal(3, problem.ExitCode);
        Assert.Contains($"led by process {Environment.ProcessId}", problem.Message, StringComparison.Ordinal);
        Assert.Equal(1, await ExecuteAsync(system.Connections.Totals, "SELECT 1"));
    }

    [Fact]
    public async Task Two_systems_in_two_folders_run_side_by_side()
    {
        await using var one = await StartAsync();
        await using var other = await LocalSystem.StartAsync(TestFolders.Settings(SystemParts.Postgres), _reporter, CancellationToken.None).Within(Patience);

        Assert.Equal(1, await ExecuteAsync(one.Connections.Totals, "SELECT 1"));
        Assert.Equal(1, await ExecuteAsync(other.Connections.Totals, "SELECT 1"));
    }

    [Fact]
    public async Task A_server_that_is_killed_comes_back_with_what_was_committed()
    {
        await using var system = await StartAsync();
        await ExecuteAsync(system.Connections.Calculator, "CREATE TABLE kept AS SELECT 42 AS answer");
        var pid = system.State.Components["postgres"].Pid!.Value;

        Processes.Kill(pid);
        await Eventually.TrueAsync(
            () => system.State.Components["postgres"] is { State: ComponentPhase.Ready, Pid: { } now } && now != pid, Patience);

        Assert.NotEmpty(_reporter.Troubles);
        Assert.Equal(42, await ExecuteAsync(system.Connections.Calculator, "SELECT answer FROM kept"));
    }

    [Fact]
    public async Task What_a_machine_that_lost_its_power_left_blocks_no_start()
    {
        await using (await StartAsync())
        {
        }

        // As after a reboot: the lock file of a server whose process id is someone else's by now, and a state that says "ready".
        await File.WriteAllTextAsync(Path.Combine(Data, "postgres", "postmaster.pid"), $"{Environment.ProcessId}\n{Data}/postgres\n");
        var file = Path.Combine(Data, "system.json");
        var state = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, state.Replace("\"state\": \"stopped\"", "\"state\": \"ready\"", StringComparison.Ordinal));

        await using var again = await StartAsync();

        Assert.Equal(SystemPhase.Ready, again.State.State);
    }

    [Fact]
    public async Task A_temporary_system_leaves_nothing()
    {
        var settings = TestFolders.Settings(SystemParts.Postgres);
        var system = await LocalSystem.StartAsync(settings, _reporter, CancellationToken.None).Within(Patience);
        var pid = system.State.Components["postgres"].Pid!.Value;

        await system.StopAsync().Within(Patience);

        Assert.False(Directory.Exists(settings.DataFolder));
        Assert.False(Processes.IsAlive(pid));
    }

    [Fact]
    public async Task A_start_that_is_cancelled_leaves_nothing_running()
    {
        using var cancelled = new CancellationTokenSource();
        var reporter = new CancellingReporter(cancelled, "postgres", "starts");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => LocalSystem.StartAsync(Settings(), reporter, cancelled.Token).Within(Patience));

        Assert.Equal(SystemPhase.Stopped, SystemFiles.TryReadState(Data)!.State);
        await using var next = await StartAsync();
    }

    [Fact]
    public async Task A_failed_start_says_why_to_those_who_only_see_its_files()
    {
        await using (await StartAsync())
        {
        }

        await File.WriteAllTextAsync(Path.Combine(Data, "postgres", "PG_VERSION"), "12\n");

        var problem = await Assert.ThrowsAsync<SystemProblemException>(StartAsync);

        var state = SystemFiles.TryReadState(Data)!;
        Assert.Equal((SystemPhase.Failed, problem.Message), (state.State, state.Problem));
        Assert.Contains("was made by PostgreSQL 12", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_runs_elsewhere_is_used_and_what_was_made_in_it_goes_with_the_system()
    {
        await using var elsewhere = await PrivatePostgres.StartAsync();
        var settings = Settings() with { Postgres = elsewhere.ConnectionString };
        await using (var system = await LocalSystem.StartAsync(settings, _reporter, CancellationToken.None).Within(Patience))
        {
            Assert.Equal(ComponentPhase.External, system.State.Components["postgres"].State);
            Assert.Equal(1, await ExecuteAsync(system.Connections.Calculator, "SELECT 1"));
        }

        await SystemControl.DeleteAsync(Data, CancellationToken.None).Within(Patience);

        Assert.False(Directory.Exists(Data));
        Assert.Equal(0L, await ExecuteAsync(
            new DatabaseConnection { ConnectionString = elsewhere.ConnectionString }, "SELECT count(*) FROM pg_database WHERE datname LIKE 'tally%'"));
    }

    [Fact]
    public async Task A_server_that_can_not_be_reached_is_named()
    {
        var settings = Settings() with { Postgres = "Host=127.0.0.1;Port=1;Username=a;Timeout=5" };

        var problem = await Assert.ThrowsAsync<SystemProblemException>(
            () => LocalSystem.StartAsync(settings, _reporter, CancellationToken.None).Within(Patience));

        Assert.Contains("PostgreSQL at 127.0.0.1:1 can't be used", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_is_no_systems_is_not_thrown_away()
    {
        Directory.CreateDirectory(Data);

        await Assert.ThrowsAsync<SystemProblemException>(() => SystemControl.DeleteAsync(Data, CancellationToken.None));

        Assert.True(Directory.Exists(Data));
    }

    private SystemSettings Settings() => TestFolders.Settings(SystemParts.Postgres) with { DataFolder = Data, Temporary = false };

    private Task<LocalSystem> StartAsync() => LocalSystem.StartAsync(Settings(), _reporter, CancellationToken.None).Within(Patience);

    [SuppressMessage("Security", "CA2100", Justification = "The statements are this test's own.")]
    private static async Task<object?> ExecuteAsync(DatabaseConnection database, string sql)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    private sealed class CancellingReporter(CancellationTokenSource source, string component, string text) : IStartReporter
    {
        public void Progress(string component1, string text1)
        {
            if ((component1, text1) == (component, text))
            {
                source.Cancel();
            }
        }

        public void Ready(string component, ComponentState state)
        {
        }

        public void Notice(string text)
        {
        }

        public void Trouble(string component, string text, IReadOnlyList<string> logLines)
        {
        }
    }
}
