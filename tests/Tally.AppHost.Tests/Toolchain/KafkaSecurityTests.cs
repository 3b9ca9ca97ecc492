using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Tests.Toolchain;

public sealed class KafkaSecurityTests
{
    [Theory]
    [InlineData("", "", false)]
    [InlineData("plaintext", "", false)]
    [InlineData("plaintext", "SCRAM-SHA-256", false)]
    [InlineData("sasl_plaintext", "PLAIN", false)]
    [InlineData("ssl", "", true)]
    [InlineData("SASL_SSL", "PLAIN", true)]
    [InlineData("SASL_PLAINTEXT", "SCRAM-SHA-256", true)]
    [InlineData("sasl_plaintext", "SCRAM-SHA-512", true)]
    [InlineData("SASL_PLAINTEXT", "OAUTHBEARER", true)]
    public void OpenSSL_is_needed_for_what_is_encrypted_hashed_or_signed(string protocol, string mechanism, bool needed)
    {
        foreach (var name in (string[])["sasl.mechanism", "sasl.mechanisms"])
        {
            var settings = new Dictionary<string, string> { ["security.protocol"] = protocol, [name] = mechanism };

            Assert.Equal(needed, KafkaSecurity.NeedsOpenSsl(settings));
        }

        Assert.False(KafkaSecurity.NeedsOpenSsl(new Dictionary<string, string>()));
    }
}
