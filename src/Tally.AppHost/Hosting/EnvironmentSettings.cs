using Npgsql;

namespace Tally.AppHost.Hosting;

/// <summary>Reads <see cref="SystemSettings"/> from environment variables.</summary>
internal static class EnvironmentSettings
{
    public static SystemSettings Read(string dataFolder, Func<string, string?> variable) => WithoutStraySettings(new()
    {
        DataFolder = Path.GetFullPath(dataFolder),
        Postgres = ConnectionString(NullIfEmpty(variable("TALLY_POSTGRES"))),
        KafkaServers = NullIfEmpty(variable("TALLY_KAFKA")),
        KafkaSettings = Pairs(variable("TALLY_KAFKA_SETTINGS") ?? ""),
        Kafka = Choice(variable("TALLY_KAFKA_FROM")),
    });

    private static SystemSettings WithoutStraySettings(SystemSettings settings) =>
        settings.KafkaServers is not null || settings.KafkaSettings.Count == 0
            ? settings
            : throw Wrong(
                "TALLY_KAFKA_SETTINGS is there for a Kafka that runs already, but none is named: name its servers with --kafka or in TALLY_KAFKA, or leave the settings out.");

    private static string? NullIfEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;

    private static string? ConnectionString(string? text)
    {
        try
        {
            _ = text is null ? null : new NpgsqlConnectionStringBuilder(text);
            return text;
        }
        catch (Exception problem) when (problem is ArgumentException or FormatException)
        {
            // It may hold a password, so it isn't repeated.
            throw Wrong("TALLY_POSTGRES must be an Npgsql connection string, such as 'Host=127.0.0.1;Port=5432;Username=tally', but it can't be read as one.");
        }
    }

    private static KafkaChoice Choice(string? text) =>
        string.IsNullOrWhiteSpace(text) ? KafkaChoice.Auto
        : !int.TryParse(text, out _) && Enum.TryParse<KafkaChoice>(text, ignoreCase: true, out var choice) ? choice
        : throw Wrong($"TALLY_KAFKA_FROM is '{text}', but it must be one of auto, home, download, npm.");

    private static Dictionary<string, string> Pairs(string text)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                // The value may be a password, so only what can't be one is repeated.
                throw Wrong("TALLY_KAFKA_SETTINGS must be name=value pairs separated by semicolons, but one of them has no name or no '='.");
            }

            pairs[pair[..equals]] = pair[(equals + 1)..];
        }

        return pairs;
    }

    private static SystemProblemException Wrong(string message) => new("settings", message) { ExitCode = 2 };
}
