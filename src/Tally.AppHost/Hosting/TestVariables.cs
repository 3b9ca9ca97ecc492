namespace Tally.AppHost.Hosting;

/// <summary>The environment variables by which a test process learns of the PostgreSQL and the Kafka that were started for it.</summary>
public static class TestVariables
{
    /// <summary>An Npgsql connection string of the superuser.</summary>
    public const string Postgres = "TALLY_TEST_POSTGRES";

    /// <summary>Bootstrap servers.</summary>
    public const string Kafka = "TALLY_TEST_KAFKA";

    /// <summary>librdkafka settings, <c>name=value</c> separated by semicolons.</summary>
    public const string KafkaSettings = "TALLY_TEST_KAFKA_SETTINGS";

    /// <summary>Kafka's version.</summary>
    public const string KafkaVersion = "TALLY_TEST_KAFKA_VERSION";

    /// <summary>librdkafka's path; empty where the build brings one.</summary>
    public const string Librdkafka = "TALLY_TEST_LIBRDKAFKA";

    /// <summary>Set to anything: tests that take minutes run, too.</summary>
    public const string Thorough = "TALLY_TEST_THOROUGH";

    /// <summary>What to set for a system's parts.</summary>
    /// <param name="system">The system.</param>
    public static IReadOnlyDictionary<string, string> Of(LocalSystem system)
    {
        ArgumentNullException.ThrowIfNull(system);
        var kafka = system.Connections.Kafka;
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [Postgres] = system.Connections.Postgres.ConnectionString,
            [Kafka] = kafka.BootstrapServers,
            [KafkaSettings] = string.Join(';', kafka.Settings.Concat(kafka.ProducerSettings).Select(setting => $"{setting.Key}={setting.Value}")),
            [KafkaVersion] = system.State.Components["kafka"].Version ?? "",
            [Librdkafka] = kafka.LibraryPath,
        };
    }
}
