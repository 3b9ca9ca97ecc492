using System.Security.Cryptography;
using Tally.AppHost.Components;

namespace Tally.AppHost.Hosting;

/// <summary>Keeps <c>connections.json</c>: passwords are made once, and servers that were named once are used again.</summary>
/// <param name="folder">The system's folder.</param>
internal sealed class ConnectionsFile(SystemFolder folder)
{
    /// <summary>What the last start left, or the beginnings of it; written at once, since nobody can log in to a cluster whose password is lost.</summary>
    /// <param name="settings">What the system is to be made of.</param>
    /// <exception cref="SystemProblemException">The folder's data are somewhere else than the settings say.</exception>
    public Connections ReadOrBegin(SystemSettings settings)
    {
        var found = SystemFiles.TryReadConnections(folder.Path) is { } last ? WithoutUnused(last) : null;
        if (found is null && Directory.Exists(folder.In("postgres")))
        {
            throw new SystemProblemException(
                "postgres",
                $"'{folder.Path}' has a PostgreSQL, but its connections.json with the passwords is gone. "
                + "Put it back, or throw the data away with ./tally reset.");
        }

        if (found is not null && settings.Postgres is not null && !found.Postgres.External)
        {
            throw new SystemProblemException(
                "postgres",
                $"'{folder.Path}' keeps its data in a PostgreSQL of its own, so no other one can be named for it. Name another folder with --data.");
        }

        if (found is not null && settings.KafkaServers is not null && !found.Kafka.External)
        {
            throw new SystemProblemException(
                "kafka",
                $"'{folder.Path}' keeps its messages in a Kafka of its own, so no other one can be named for it. Name another folder with --data.");
        }

        var connections = found ?? new Connections { Id = RandomNumberGenerator.GetHexString(8, lowercase: true) };
        return Write(connections with
        {
            Postgres = WithPassword(connections.Postgres) with
            {
                External = settings.Postgres is not null || connections.Postgres.External,
                ConnectionString = settings.Postgres ?? (connections.Postgres.External ? connections.Postgres.ConnectionString : ""),
            },
            Calculator = WithPassword(connections.Calculator),
            Totals = WithPassword(connections.Totals),
            Kafka = Kafka(settings, connections.Kafka),
        });
    }

    /// <summary>Writes the file.</summary>
    /// <param name="connections">What it holds.</param>
    public Connections Write(Connections connections)
    {
        JsonFile.Write(folder.ConnectionsFile, connections, SystemJson.Default.Connections);
        return connections;
    }

    /// <summary>Servers that were named for a start which never came to use them are forgotten: the name may have been wrong.</summary>
    private static Connections WithoutUnused(Connections connections) => connections with
    {
        Postgres = connections.Postgres.External && connections.Calculator.ConnectionString.Length == 0
            ? connections.Postgres with { External = false, ConnectionString = "" }
            : connections.Postgres,
        Kafka = connections.Kafka.External && connections.Kafka.Topic.Length == 0 ? new KafkaConnection() : connections.Kafka,
    };

    private static DatabaseConnection WithPassword(DatabaseConnection connection) =>
        connection.Password.Length > 0 ? connection : connection with { Password = DatabaseSetup.NewPassword() };

    private static KafkaConnection Kafka(SystemSettings settings, KafkaConnection found) => settings.KafkaServers is null
        ? found
        : found with
        {
            External = true,
            BootstrapServers = settings.KafkaServers,
            Settings = new SortedDictionary<string, string>(settings.KafkaSettings.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal),
        };
}
