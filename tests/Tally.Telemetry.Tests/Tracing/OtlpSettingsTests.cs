using Tally.Telemetry.Tracing;

namespace Tally.Telemetry.Tests.Tracing;

public class OtlpSettingsTests
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317";

    [Theory]
    [InlineData(null)]
    [InlineData("http://127.0.0.1:4317/", Endpoint)]
    [InlineData("http://127.0.0.1:4317/v1/traces", Endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf")]
    [InlineData("http://127.0.0.1:4317/", Endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc")]
    [InlineData("http://127.0.0.1:4318/v1/traces", Endpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:4318/v1/traces")]
    [InlineData(null, "OTEL_EXPORTER_OTLP_ENDPOINT= ")]
    [InlineData(null, Endpoint, "OTEL_TRACES_EXPORTER=none")]
    [InlineData(null, Endpoint, "OTEL_SDK_DISABLED=True")]
    public void Traces_are_off_until_an_endpoint_is_named(string? expected, params string[] variables)
    {
        var settings = Of(variables);

        Assert.Equal(expected, settings.Endpoint?.ToString());
        Assert.Empty(settings.Faults());
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=127.0.0.1:4317", "allowed: an address without user and password, such as http://127.0.0.1:4317.")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=collector", "allowed: an address without user and password, such as http://127.0.0.1:4317.")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL=http/json", "allowed: grpc, http/protobuf.")]
    [InlineData("OTEL_TRACES_EXPORTER=zipkin", "allowed: otlp, none.")]
    [InlineData("OTEL_TRACES_SAMPLER=often", "allowed: always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio.")]
    [InlineData("OTEL_TRACES_SAMPLER_ARG=1.5", "allowed: 0 to 1, the share of traces that is kept.")]
    [InlineData("OTEL_TRACES_SAMPLER_ARG=0,1", "allowed: 0 to 1, the share of traces that is kept.")]
    public void What_can_not_be_used_is_named_with_what_is_allowed(string variable, string allowed)
    {
        var fault = Assert.Single(Of(Endpoint, "OTEL_TRACES_SAMPLER=parentbased_traceidratio", variable).Faults());

        Assert.Equal($"{variable.Replace("=", " is '", StringComparison.Ordinal)}'; {allowed}", fault);
    }

    [Fact]
    public void A_password_in_an_address_is_not_repeated() =>
        Assert.DoesNotContain("secret", Assert.Single(Of("OTEL_EXPORTER_OTLP_ENDPOINT=http://user:secret@collector:4317").Faults()), StringComparison.Ordinal);

    [Fact]
    public void While_traces_are_off_nothing_of_them_is_looked_at() => Assert.Empty(Of("OTEL_TRACES_SAMPLER=often").Faults());

    private static OtlpSettings Of(params string[] variables)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in variables)
        {
            values[variable[..variable.IndexOf('=', StringComparison.Ordinal)]] = variable[(variable.IndexOf('=', StringComparison.Ordinal) + 1)..];
        }

        return new OtlpSettings(values.GetValueOrDefault);
    }
}
