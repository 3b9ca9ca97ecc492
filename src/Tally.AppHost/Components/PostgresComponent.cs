using System.Runtime.Versioning;
using Npgsql;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Components;

/// <summary>A PostgreSQL of the system's own, on loopback, with its data under the data folder.</summary>
[SupportedOSPlatform("linux")]
internal sealed class PostgresComponent : Component
{
    /// <summary>The superuser.</summary>
    public const string Superuser = "postgres";

    private readonly ComponentContext _context;
    private readonly PostgresCluster _cluster;
    private readonly string _password;
    private readonly int _port;
    private readonly int _services;

    private PostgresComponent(ComponentContext context, PostgresCluster cluster, string password, int port, int services)
        : base("postgres")
    {
        _context = context;
        _cluster = cluster;
        _password = password;
        _port = port;
        _services = services;
        Description = new ComponentState
        {
            Version = cluster.Tool.Version,
            Source = cluster.Tool.Source,
            Endpoints = { ["tcp"] = $"127.0.0.1:{port}" },
        };
    }

    /// <summary>How the superuser connects.</summary>
    public string AdminConnectionString => ConnectionString("postgres", Superuser, _password);

    public override string LogFile => _context.Folder.Log(Name);

    // A fast shutdown: clients are disconnected, everything is written. (SIGTERM would wait for clients to leave.)
    public override int StopSignal => Libc.SigInt;

    public override TimeSpan StopPatience => TimeSpan.FromSeconds(20);

    /// <summary>Gets the programs and makes the cluster in the data folder, if they aren't there.</summary>
    /// <param name="context">What components share.</param>
    /// <param name="password">The superuser's password.</param>
    /// <param name="wantedPort">The port that is asked for.</param>
    /// <param name="services">How many services will connect.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<PostgresComponent> PrepareAsync(
        ComponentContext context, string password, int wantedPort, int services, CancellationToken cancellationToken)
    {
        var tool = await PostgresTool.GetAsync(context.Cache, context.Reporter, cancellationToken);
        var cluster = await PostgresCluster.OpenAsync(context, tool, password, cancellationToken);
        return new PostgresComponent(context, cluster, password, context.Port(wantedPort, "PostgreSQL"), services);
    }

    public override async Task<LaunchPlan> PlanAsync(CancellationToken cancellationToken)
    {
        await _cluster.ClearStaleLockAsync(cancellationToken);
        await _cluster.WaitForRemainsAsync(cancellationToken);
        return _cluster.Plan(_port, _services, LogFile);
    }

    public override async Task WaitUntilReadyAsync(ComponentStart start, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(AdminConnectionString + ";Pooling=false;Timeout=5");
                await connection.OpenAsync(cancellationToken);
                return;
            }
            catch (NpgsqlException notYet) when (!cancellationToken.IsCancellationRequested)
            {
                WhyNotReadyNow = notYet.Message;
            }

            await Task.Delay(20, cancellationToken);
        }
    }

    public override string WhyNotReady => WhyNotReadyNow;

    private string WhyNotReadyNow { get; set; } = "";

    /// <summary>How to connect to one of its databases.</summary>
    /// <param name="database">The database.</param>
    /// <param name="user">The role.</param>
    /// <param name="password">The role's password.</param>
    public string ConnectionString(string database, string user, string password) =>
        $"Host=127.0.0.1;Port={_port};Database={database};Username={user};Password={password}";
}
