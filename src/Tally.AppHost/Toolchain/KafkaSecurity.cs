namespace Tally.AppHost.Toolchain;

/// <summary>What settings of a Kafka client ask of the librdkafka that takes them.</summary>
internal static class KafkaSecurity
{
    private static readonly string[] MechanismNames = ["sasl.mechanism", "sasl.mechanisms"];

    /// <summary>Whether librdkafka must have been built with OpenSSL: for TLS, and also for the hashes of SCRAM and the tokens of OAUTHBEARER without TLS.</summary>
    /// <param name="settings">librdkafka settings by their own names.</param>
    public static bool NeedsOpenSsl(IReadOnlyDictionary<string, string> settings)
    {
        var protocol = settings.GetValueOrDefault("security.protocol", "");
        return protocol.EndsWith("ssl", StringComparison.OrdinalIgnoreCase)
            || (protocol.StartsWith("sasl", StringComparison.OrdinalIgnoreCase)
                && MechanismNames.Any(name => IsHashedOrSigned(settings.GetValueOrDefault(name, ""))));
    }

    private static bool IsHashedOrSigned(string mechanism) =>
        mechanism.StartsWith("SCRAM-", StringComparison.OrdinalIgnoreCase) || mechanism.Equals("OAUTHBEARER", StringComparison.OrdinalIgnoreCase);
}
