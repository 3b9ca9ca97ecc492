using System.Diagnostics;
using System.Runtime.Versioning;
using Npgsql;
using Tally.AppHost.Components;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;
using Tally.AppHost.Toolchain;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Support;

/// <summary>A replica of a PostgreSQL, made as docs/operations.md tells it: a copy of its files beside running writers, which then streams what follows.</summary>
[SupportedOSPlatform("linux")]
internal sealed class Standby : IAsyncDisposable
{
    private const string Name = "standby";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly SystemFolder _folder;
    private readonly ChildProcess _process;
    private readonly NpgsqlDataSource _admin;

    private Standby(SystemFolder folder, ChildProcess process, int port, NpgsqlDataSource admin)
    {
        _folder = folder;
        _process = process;
        _admin = admin;
        Port = port;
    }

    public int Port { get; }

    /// <summary>Makes one, and returns when the primary waits for it with each commit.</summary>
    /// <param name="primary">How its superuser connects.</param>
    public static async Task<Standby> StartSynchronousAsync(NpgsqlConnectionStringBuilder primary)
    {
        var folder = new SystemFolder(Path.Combine(Path.GetTempPath(), $"tally-test-{Guid.NewGuid():N}"));
        folder.Prepare();
        Watchdog.RemoveAtEnd(folder.Path);
        var context = new ComponentContext(folder, new ToolCache(ToolCache.UsualFolder, new TestReporter()), new TestReporter());
        var tool = await PostgresTool.GetAsync(context.Cache, context.Reporter, CancellationToken.None);
        var user = await PostgresUser.ChooseAsync(context, tool, CancellationToken.None);

        await using var source = NpgsqlDataSource.Create(primary);
        await CopyAsync(source, user);
        await user.WriteFileAsync(Path.Combine(user.Data, "standby.signal"), "", CancellationToken.None);
        await user.WriteFileAsync(
            Path.Combine(user.Data, "postgresql.auto.conf"),
            $"primary_conninfo = 'host={primary.Host} port={primary.Port} user={primary.Username} password={primary.Password} application_name={Name}'\n",
            CancellationToken.None);

        var port = Ports.Free();
        var process = ProcessLauncher.Start(new PostgresCluster(user.Tool, user.Data, user).Plan(port, services: 2, folder.Log(Name)));
        var admin = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(primary.ConnectionString) { Port = port });
        var standby = new Standby(folder, process, port, admin);
        await ExecuteAsync(source, $"ALTER SYSTEM SET synchronous_standby_names = '{Name}'");
        await ExecuteAsync(source, "SELECT pg_reload_conf()");
        await Eventually.TrueAsync(
            async () => await QueryAsync<bool>(source, "SELECT EXISTS (SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'sync')"), Patience);
        return standby;
    }

    /// <summary>Makes it the primary.</summary>
    public async Task PromoteAsync() => Assert.True(await QueryAsync<bool>(_admin, "SELECT pg_promote()"));

    public async ValueTask DisposeAsync()
    {
        await _admin.DisposeAsync();
        await _process.StopAsync(Libc.SigInt, Patience, TimeProvider.System, CancellationToken.None);
        _folder.Delete();
        Watchdog.Keep(_folder.Path);
    }

    private static async Task CopyAsync(NpgsqlDataSource primary, PostgresUser user)
    {
        await using var connection = await primary.OpenConnectionAsync();
        await using var command = new NpgsqlCommand("SELECT pg_backup_start('standby', fast => true)", connection);
        await command.ExecuteNonQueryAsync();
        command.CommandText = "SHOW data_directory";
        using (var copy = Process.Start("cp", ["-a", (string)(await command.ExecuteScalarAsync())!, user.Data]))
        {
            await copy.WaitForExitAsync().Within(Patience);
            Assert.Equal(0, copy.ExitCode);
        }

        command.CommandText = "SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)";
        await user.WriteFileAsync(Path.Combine(user.Data, "backup_label"), (string)(await command.ExecuteScalarAsync())!, CancellationToken.None);
        File.Delete(Path.Combine(user.Data, "postmaster.pid"));
    }

    private static async Task<T> QueryAsync<T>(NpgsqlDataSource database, string query)
    {
        await using var command = database.CreateCommand(query);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string statement)
    {
        await using var command = database.CreateCommand(statement);
        await command.ExecuteNonQueryAsync();
    }
}
