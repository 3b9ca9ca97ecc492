using Npgsql;
using Tally.AppHost.Components;

namespace Tally.AppHost.Hosting;

/// <summary>The PostgreSQL of a system, its own or someone else's, with a database and a role for each service.</summary>
/// <param name="context">What components share.</param>
/// <param name="supervisor">Keeps it running.</param>
/// <param name="state">What is known of it.</param>
internal sealed class PostgresStore(ComponentContext context, Supervisor supervisor, StateFile state)
{
    private const string Name = "postgres";

    /// <summary>The connection that may make databases.</summary>
    public DatabaseConnection Admin { get; private set; } = new();

    /// <summary>The Calculator's database.</summary>
    public DatabaseConnection Calculator { get; private set; } = new();

    /// <summary>Totals' database.</summary>
    public DatabaseConnection Totals { get; private set; } = new();

    /// <summary>Starts it or connects to it, and sees to the databases.</summary>
    /// <param name="settings">What the system is made of.</param>
    /// <param name="connections">What the last start left.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task StartAsync(SystemSettings settings, Connections connections, CancellationToken cancellationToken)
    {
        if (!settings.Parts.HasFlag(SystemParts.Postgres))
        {
            return;
        }

        // On someone else's server the names tell this system from others.
        var prefix = connections.Postgres.External ? $"tally_{connections.Id}_" : "";
        Admin = connections.Postgres.External
            ? connections.Postgres
            : await StartOwnAsync(connections.Postgres, settings, cancellationToken);
        await using var admin = await ConnectAsync(Admin, cancellationToken);
        Calculator = await EnsureAsync(admin, Admin, prefix + "calculator", connections.Calculator.Password, cancellationToken);
        Totals = await EnsureAsync(admin, Admin, prefix + "totals", connections.Totals.Password, cancellationToken);
        if (connections.Postgres.External)
        {
            var there = new ComponentState
            {
                Version = admin.PostgreSqlVersion.ToString(),
                Source = "TALLY_POSTGRES",
                State = ComponentPhase.External,
                Endpoints = { ["tcp"] = $"{admin.Host}:{admin.Port}" },
            };
            state.Change(Name, there);
            context.Reporter.Ready(Name, there);
        }
    }

    /// <summary>Connects as the one who may make databases.</summary>
    /// <param name="admin">How.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="SystemProblemException">It can't be reached.</exception>
    public static async Task<NpgsqlConnection> ConnectAsync(DatabaseConnection admin, CancellationToken cancellationToken)
    {
        var place = "TALLY_POSTGRES (or --postgres), whose connection string can't be read,";
        NpgsqlConnection? connection = null;
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(admin.ConnectionString) { Pooling = false };
            place = $"{builder.Host}:{builder.Port}";
            connection = new NpgsqlConnection(builder.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch (Exception problem) when (problem is NpgsqlException or ArgumentException)
        {
            await (connection?.DisposeAsync() ?? default);
            throw new SystemProblemException(Name, $"PostgreSQL at {place} can't be used: {problem.Message}", problem);
        }
    }

    private async Task<DatabaseConnection> StartOwnAsync(DatabaseConnection before, SystemSettings settings, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new SystemProblemException(
                Name, "Tally brings PostgreSQL for Linux on x64 only. Name one that runs already in TALLY_POSTGRES or with --postgres.");
        }

        var postgres = await PostgresComponent.PrepareAsync(
            context, before.Password, settings.Ports.Postgres, settings.Calculators + settings.Totals, cancellationToken);
        await supervisor.StartAsync(postgres, cancellationToken);
        return Describe(postgres.AdminConnectionString, before.Password);
    }

    private static async Task<DatabaseConnection> EnsureAsync(
        NpgsqlConnection admin, DatabaseConnection given, string name, string password, CancellationToken cancellationToken)
    {
        try
        {
            await DatabaseSetup.EnsureAsync(admin, name, password, cancellationToken);
        }
        catch (PostgresException problem)
        {
            throw new SystemProblemException(Name, $"The database '{name}' couldn't be made: {problem.MessageText}.", problem);
        }

        // As it was given: an open connection no longer says which of several hosts was to be chosen.
        var builder = new NpgsqlConnectionStringBuilder(given.ConnectionString) { Database = name, Username = name, Password = password };
        return Describe(builder.ConnectionString, password);
    }

    private static DatabaseConnection Describe(string connectionString, string password)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        return new DatabaseConnection
        {
            ConnectionString = connectionString,
            Url = Url(parts, password),
            Password = password,
        };
    }

    /// <summary>As libpq reads it: each of several hosts with its port, and the one that can write is looked for.</summary>
    private static string Url(NpgsqlConnectionStringBuilder parts, string password)
    {
        var hosts = parts.Host!.Split(',').Select(host => host.Contains(':', StringComparison.Ordinal) ? host : $"{host}:{parts.Port}").ToList();
        var choice = hosts.Count > 1 ? "?target_session_attrs=read-write" : "";
        return $"postgres://{parts.Username}:{password}@{string.Join(',', hosts)}/{parts.Database}{choice}";
    }
}
