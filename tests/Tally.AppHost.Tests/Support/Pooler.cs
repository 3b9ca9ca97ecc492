using Npgsql;
using Tally.AppHost.Components.Processes;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Support;

/// <summary>A pgbouncer in transaction mode before a PostgreSQL: each transaction of a client may run on another connection of the server.</summary>
internal sealed class Pooler : IAsyncDisposable
{
    public const string Program = "pgbouncer";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder;
    private readonly ChildProcess _process;

    private Pooler(TemporaryFolder folder, ChildProcess process, string connectionString)
    {
        _folder = folder;
        _process = process;
        ConnectionString = connectionString;
    }

    /// <summary>How the superuser connects through it.</summary>
    public string ConnectionString { get; }

    /// <summary>Starts one.</summary>
    /// <param name="superuser">How the superuser connects to the server: who else connects is looked up as this one.</param>
    public static async Task<Pooler> StartAsync(string superuser)
    {
        var server = new NpgsqlConnectionStringBuilder(superuser);
        var through = new NpgsqlConnectionStringBuilder(superuser) { Port = Ports.Free() };
        var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.In("users"), $"\"{server.Username}\" \"{server.Password}\"\n");
        await File.WriteAllTextAsync(
            folder.In("ini"),
            $"""
            [databases]
            * = host={server.Host} port={server.Port}

            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {through.Port}
            unix_socket_dir =
            pool_mode = transaction
            default_pool_size = 28
            max_client_conn = 500
            query_wait_timeout = 8
            auth_type = scram-sha-256
            auth_file = {folder.In("users")}
            auth_user = {server.Username}
            auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename = $1

            """);

        string[] command = [ToolFactAttribute.FindProgram(Program)!, folder.In("ini")];
        if (Libc.EffectiveUser() == 0)
        {
            // It refuses to run as root, and another user must be able to read what is for it.
            File.SetUnixFileMode(folder.Path, (UnixFileMode)Convert.ToInt32("755", fromBase: 8));
            command = [ToolFactAttribute.FindProgram("setpriv")!, "--reuid=65534", "--regid=65534", "--clear-groups", .. command];
        }

        var pooler = new Pooler(folder, ProcessLauncher.Start(new LaunchPlan(command[0], command[1..], folder.In("log"))), through.ConnectionString);
        try
        {
            await Eventually.TrueAsync(pooler.AnswersAsync, Patience);
            return pooler;
        }
        catch (TimeoutException late)
        {
            var log = await File.ReadAllTextAsync(folder.In("log"));
            await pooler.DisposeAsync();
            throw new TimeoutException($"pgbouncer doesn't answer:\n{log}", late);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.StopAsync(Libc.SigTerm, Patience, TimeProvider.System, CancellationToken.None);
        _folder.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
