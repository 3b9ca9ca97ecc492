using Tally.AppHost.Hosting;

namespace Tally.TestSupport;

/// <summary>Whether tests get a current Kafka.</summary>
public static class ModernKafka
{
    /// <summary>Null when they do, or else why not.</summary>
    public static string? WhyNot { get; } = Find();

    private static string? Find()
    {
        var isModern = Environment.GetEnvironmentVariable(TestVariables.KafkaVersion) is { Length: > 0 } version
            ? !version.StartsWith("0.", StringComparison.Ordinal)
            : IsSet("KAFKA_HOME") || IsSet("TALLY_KAFKA");
        return isModern ? null : "needs a current Kafka: set KAFKA_HOME";
    }

    private static bool IsSet(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 };
}
