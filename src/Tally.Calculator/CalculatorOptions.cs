using System.ComponentModel.DataAnnotations;

namespace Tally.Calculator;

/// <summary>Settings of the Calculator itself.</summary>
public sealed class CalculatorOptions
{
    /// <summary>The section of the configuration that holds these settings.</summary>
    public const string Section = "Calculator";

    /// <summary>This instance's name in logs and metrics, and in leases unless <c>Outbox:Instance</c> is set. 1 to 100 characters. Default: <c>calculator-1</c>.</summary>
    [Required]
    [StringLength(100, MinimumLength = 1)]
    public string Instance { get; set; } = "calculator-1";

    /// <summary>The Kafka topic that results are published to. Default: <c>sums</c>.</summary>
    [Required]
    [RegularExpression("^[a-zA-Z0-9._-]{1,249}$")]
    public string Topic { get; set; } = "sums";
}
