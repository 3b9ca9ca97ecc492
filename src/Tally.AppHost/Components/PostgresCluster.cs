using System.Runtime.Versioning;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Components;

/// <summary>The files of a PostgreSQL, and how its programs are run on them.</summary>
/// <param name="Tool">The programs.</param>
/// <param name="Data">Its files.</param>
/// <param name="User">Who runs the programs.</param>
[SupportedOSPlatform("linux")]
internal sealed record PostgresCluster(PostgresTool Tool, string Data, PostgresUser User)
{
    private const int ConnectionsOfService = 25;
    private const int ConnectionsForOthers = 50;

    private static readonly Dictionary<string, string> Environment = new(StringComparer.Ordinal) { ["LC_ALL"] = "C", ["TZ"] = "UTC" };

    /// <summary>Opens the cluster in a data folder, and makes it first if it isn't there.</summary>
    /// <param name="context">What components share.</param>
    /// <param name="tool">The programs.</param>
    /// <param name="password">The superuser's password.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<PostgresCluster> OpenAsync(
        ComponentContext context, PostgresTool tool, string password, CancellationToken cancellationToken)
    {
        var user = await PostgresUser.ChooseAsync(context, tool, cancellationToken);
        var cluster = new PostgresCluster(user.Tool, user.Data, user);
        var versionFile = Path.Combine(cluster.Data, "PG_VERSION");
        if (!File.Exists(versionFile))
        {
            context.Reporter.Progress("postgres", "makes its data folder");
            await cluster.MakeAsync(password, cancellationToken);
        }

        var made = (await File.ReadAllTextAsync(versionFile, cancellationToken)).Trim();
        return tool.Version.StartsWith(made + ".", StringComparison.Ordinal)
            ? cluster
            : throw new SystemProblemException(
                "postgres",
                $"'{cluster.Data}' was made by PostgreSQL {made}, but this is {tool.Version}. "
                + "Use another data folder, or throw this one away with ./tally reset.");
    }

    /// <summary>How to start the server.</summary>
    /// <param name="port">Its port on loopback.</param>
    /// <param name="services">How many services use it.</param>
    /// <param name="logFile">Its log.</param>
    public LaunchPlan Plan(int port, int services, string logFile)
    {
        // Durable as PostgreSQL is by default (fsync, synchronous_commit, full_page_writes stay on). What differs: no socket file, whose path could
        // be too long; checkpoints far apart, since each is followed by whole pages in the log; no compiler for queries that are all short.
        string[] settings =
        [
            "listen_addresses=127.0.0.1", $"port={port}", "unix_socket_directories=", $"max_connections={ConnectionsForOthers + (ConnectionsOfService * services)}", "shared_buffers=128MB",
            "max_wal_size=4GB", "min_wal_size=512MB", "wal_buffers=16MB", "checkpoint_timeout=15min", "jit=off",
            "log_line_prefix=%m [%p] %q%u@%d ", "timezone=UTC", "log_timezone=UTC", "lc_messages=C",
        ];
        string[] command = [.. User.Prefix, Tool.Program("postgres"), "-D", Data, .. settings.SelectMany(setting => (string[])["-c", setting])];
        return new LaunchPlan(command[0], command[1..], logFile)
        {
            Environment = Environment.ToDictionary(pair => pair.Key, pair => (string?)pair.Value, StringComparer.Ordinal),
        };
    }

    /// <summary>
    /// Removes a lock file that names a process which is gone or surely isn't a PostgreSQL: after a restart of the machine the id may be someone else's, and
    /// PostgreSQL would not start. One that still ends (its supervisor was killed) is waited for. Two servers on the same files destroy them, so in
    /// doubt the lock stays.
    /// </summary>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task ClearStaleLockAsync(CancellationToken cancellationToken)
    {
        var file = Path.Combine(Data, "postmaster.pid");
        for (var tries = 0; File.Exists(file); tries++)
        {
            var text = await File.ReadAllTextAsync(file, cancellationToken);
            if (!int.TryParse(text.Split('\n')[0], out var pid) || !MayBePostgres(pid))
            {
                File.Delete(file);
                return;
            }

            if (tries == 100)
            {
                throw new SystemProblemException(
                    "postgres", $"Process {pid} is a PostgreSQL that nobody leads any more and that doesn't end. End it ('kill -INT {pid}'), and try again.");
            }

            await Task.Delay(100, cancellationToken);
        }
    }

    /// <summary>
    /// Waits for what a server that was killed leaves behind: its other processes end a moment later, and PostgreSQL doesn't start while one is there. When they
    /// don't end, PostgreSQL says so itself.
    /// </summary>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task WaitForRemainsAsync(CancellationToken cancellationToken)
    {
        var folder = new DirectoryInfo(Data).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Path.GetFullPath(Data);
        for (var tries = 0; tries < 100 && ProcessTable.All().Any(pid => ProcessTable.WorkingFolder(pid) == folder && MayBePostgres(pid)); tries++)
        {
            await Task.Delay(50, cancellationToken);
        }
    }

    /// <summary>Whether the process is there, and nothing says that it runs another program. Which PostgreSQL it is doesn't matter.</summary>
    internal static bool MayBePostgres(int pid) =>
        ProcessTable.StartTicks(pid) != 0 && ((Path.GetFileName(ProcessTable.Program(pid)) ?? ProcessTable.Name(pid)) is null or "postgres");

    private async Task MakeAsync(string password, CancellationToken cancellationToken)
    {
        // Made beside its place: one that was interrupted is thrown away, not started.
        var making = Data + ".making";
        var passwordFile = making + ".password";
        if (Directory.Exists(making))
        {
            Directory.Delete(making, recursive: true);
        }

        User.MakeFolder(making);
        await User.WriteFileAsync(passwordFile, password, cancellationToken);
        try
        {
            string[] command =
            [
                .. User.Prefix, Tool.Program("initdb"), "-D", making, $"--username={PostgresComponent.Superuser}", $"--pwfile={passwordFile}",
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions",
            ];
            (await ToolRun.RunAsync(command[0], command[1..], cancellationToken, environment: Environment))
                .OrThrow("postgres", $"PostgreSQL's data folder '{Data}' couldn't be made.");
        }
        finally
        {
            File.Delete(passwordFile);
        }

        Directory.Move(making, Data);
    }
}
