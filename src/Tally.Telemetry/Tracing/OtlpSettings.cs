using System.Globalization;
using Microsoft.Extensions.Options;

namespace Tally.Telemetry.Tracing;

/// <summary>
/// OpenTelemetry's standard variables, as far as they decide where traces go. The SDK reads them by itself, and passes over what it can't read; here that stops
/// the start instead.
/// </summary>
internal sealed class OtlpSettings
{
    private static readonly string[] Protocols = ["grpc", "http/protobuf"];

    private static readonly string[] Samplers =
        ["always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"];

    private readonly Func<string, string?> _read;

    public OtlpSettings(Func<string, string?> read) => _read = read;

    /// <summary>Those of this process.</summary>
    public static OtlpSettings OfProcess { get; } = new(Environment.GetEnvironmentVariable);

    /// <summary>Where traces go, with the path that the protocol wants; null: off, as long as nobody says where to.</summary>
    public Uri? Endpoint =>
        IsOff ? null
        : Of("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") is { } traces ? AddressOf(traces)
        : Of("OTEL_EXPORTER_OTLP_ENDPOINT") is not { } all ? null
        : IsHttp ? AddressOf(all.TrimEnd('/') + "/v1/traces")
        : AddressOf(all);

    /// <summary>Whether they go over HTTP and protobuf, not gRPC.</summary>
    public bool IsHttp => (Of("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? Of("OTEL_EXPORTER_OTLP_PROTOCOL")) == "http/protobuf";

    /// <summary>What is sent along, as <c>name=value,…</c>; null: what is set for everything.</summary>
    public string? Headers => Of("OTEL_EXPORTER_OTLP_TRACES_HEADERS");

    /// <summary>Whether a call that brings a trace is kept when its caller keeps it.</summary>
    public bool FollowsCallers => Sampler.StartsWith("parentbased_", StringComparison.Ordinal);

    /// <summary>The share of the others that is kept then, from 0 to 1.</summary>
    public double Share => Sampler switch
    {
        "parentbased_always_off" => 0,
        "parentbased_traceidratio" when TryRatio(Of("OTEL_TRACES_SAMPLER_ARG"), out var share) => share,
        _ => 1,
    };

    private string Sampler => Of("OTEL_TRACES_SAMPLER") ?? "parentbased_always_on";

    private bool IsOff =>
        string.Equals(Of("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase) || string.Equals(Of("OTEL_TRACES_EXPORTER"), "none", StringComparison.OrdinalIgnoreCase);

    /// <summary>What is wrong with them; nothing while traces are off.</summary>
    public IEnumerable<string> Faults()
    {
        if (IsOff || (Of("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") ?? Of("OTEL_EXPORTER_OTLP_ENDPOINT")) is null)
        {
            return [];
        }

        var ratio = Of("OTEL_TRACES_SAMPLER")?.EndsWith("traceidratio", StringComparison.Ordinal) == true;
        string?[] faults =
        [
            Address("OTEL_EXPORTER_OTLP_ENDPOINT"),
            Address("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
            OneOf("OTEL_TRACES_EXPORTER", ["otlp", "none"]),
            OneOf("OTEL_EXPORTER_OTLP_PROTOCOL", Protocols),
            OneOf("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", Protocols),
            OneOf("OTEL_TRACES_SAMPLER", Samplers),
            ratio ? Ratio("OTEL_TRACES_SAMPLER_ARG") : null,
        ];
        return faults.OfType<string>();
    }

    private string? Of(string name) => _read(name) is { } value && !string.IsNullOrWhiteSpace(value) ? value.Trim() : null;

    private static Uri? AddressOf(string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var address) && address is { Scheme: "http" or "https", UserInfo: "" } ? address : null;

    /// <summary>A password in it is neither allowed nor repeated.</summary>
    private string? Address(string name) =>
        Of(name) is not { } value || AddressOf(value) is not null
            ? null
            : $"{name} is '{(value.Contains('@', StringComparison.Ordinal) ? "…" : value)}'; allowed: an address without user and password, such as http://127.0.0.1:4317.";

    private string? OneOf(string name, string[] allowed) =>
        Of(name) is not { } value || allowed.Contains(value, StringComparer.Ordinal) ? null : $"{name} is '{value}'; allowed: {string.Join(", ", allowed)}.";

    private static bool TryRatio(string? value, out double ratio) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out ratio) && ratio is >= 0 and <= 1;

    private string? Ratio(string name) =>
        Of(name) is not { } value || TryRatio(value, out _)
            ? null
            : $"{name} is '{value}'; allowed: 0 to 1, the share of traces that is kept.";

    /// <summary>Options without content: validating them at the start is what runs the check.</summary>
    internal sealed class Gate;

    internal sealed class GateKeeper(OtlpSettings settings) : IValidateOptions<Gate>
    {
        public ValidateOptionsResult Validate(string? name, Gate options) =>
            settings.Faults().ToList() is { Count: > 0 } faults ? ValidateOptionsResult.Fail(faults) : ValidateOptionsResult.Success;
    }
}
