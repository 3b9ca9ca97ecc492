using System.ComponentModel.DataAnnotations;

namespace Tally.Totals;

/// <summary>Whether each single result is kept beside the total.</summary>
public enum HistoryKind
{
    /// <summary>Only positions and totals are kept.</summary>
    Off = 0,

    /// <summary>Each result is logged, after its commit.</summary>
    Log = 1,

    /// <summary>Each result is a row of <c>totals.totals_history</c>, in the same commit as the total.</summary>
    Table = 2,
}

/// <summary>Settings of Totals beside those of its inbox.</summary>
public sealed class TotalsOptions
{
    /// <summary>The section of the configuration.</summary>
    public const string Section = "Totals";

    /// <summary>This instance's name in logs and metrics. Default: <c>totals-1</c>.</summary>
    [Required]
    [StringLength(100, MinimumLength = 1)]
    public string Instance { get; set; } = "totals-1";

    /// <summary>Whether each single result is kept: <c>off</c>, <c>log</c> or <c>table</c>. Default: <c>off</c>.</summary>
    [EnumDataType(typeof(HistoryKind))]
    public HistoryKind History { get; set; } = HistoryKind.Off;

    /// <summary>
    /// The Calculators' gRPC addresses, for example <c>http://127.0.0.1:50051</c>, separated by commas: whom to ask for what Kafka lost, and about doubtful
    /// events. One is enough, more are tried in turn. Default: empty, which means that gaps and forks stop their shard until somebody repairs them.
    /// </summary>
    [StringLength(10_000)]
    public string Calculators { get; set; } = "";

    /// <summary>The addresses of <see cref="Calculators"/>, one by one.</summary>
    /// <returns>None when it's empty.</returns>
    internal IReadOnlyList<string> CalculatorAddresses() =>
        Calculators.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>What is wrong with settings that are each within their limits.</summary>
    /// <param name="options">The settings.</param>
    /// <returns>A sentence each.</returns>
    internal static IEnumerable<string> CrossCheck(TotalsOptions options) => options.CalculatorAddresses()
        .Where(static address => !Uri.TryCreate(address, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
        .Select(static address => $"{Section}:Calculators has '{address}'; allowed: addresses like http://127.0.0.1:50051, separated by commas.");
}
