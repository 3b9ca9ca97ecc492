using Tally.AppHost.Hosting;

namespace Tally.AppHost.Tests.Hosting;

public sealed class EnvironmentSettingsTests
{
    [Fact]
    public void Without_variables_everything_is_the_systems_own()
    {
        var settings = EnvironmentSettings.Read("data", _ => null);

        Assert.Equal(Path.GetFullPath("data"), settings.DataFolder);
        Assert.Null(settings.Postgres);
        Assert.Null(settings.KafkaServers);
        Assert.Equal(KafkaChoice.Auto, settings.Kafka);
    }

    [Fact]
    public void Servers_that_run_elsewhere_are_taken_with_any_settings()
    {
        var settings = EnvironmentSettings.Read("data", name => name switch
        {
            "TALLY_POSTGRES" => "Host=db",
            "TALLY_KAFKA" => "broker:9093",
            "TALLY_KAFKA_SETTINGS" => "security.protocol=SASL_SSL; sasl.password=a=b",
            "TALLY_KAFKA_FROM" => "Npm",
            _ => null,
        });

        Assert.Equal(("Host=db", "broker:9093", KafkaChoice.Npm), (settings.Postgres, settings.KafkaServers, settings.Kafka));
        Assert.Equal(("SASL_SSL", "a=b"), (settings.KafkaSettings["security.protocol"], settings.KafkaSettings["sasl.password"]));
    }

    [Theory]
    [InlineData("TALLY_KAFKA_FROM", "2")]
    [InlineData("TALLY_KAFKA_FROM", "nowhere")]
    [InlineData("TALLY_KAFKA_SETTINGS", "secret")]
    [InlineData("TALLY_KAFKA_SETTINGS", "sasl.password=secret")]
    [InlineData("TALLY_POSTGRES", "secret")]
    public void A_wrong_variable_is_named_and_ends_with_2(string name, string value)
    {
        var problem = Assert.Throws<SystemProblemException>(() => EnvironmentSettings.Read("data", asked => asked == name ? value : null));

        Assert.Equal(2, problem.ExitCode);
        Assert.Contains(name, problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem.Message, StringComparison.Ordinal);
    }
}
