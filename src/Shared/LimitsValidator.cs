using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Options;

namespace Tally;

/// <summary>
/// Checks options against their annotations and says, for each one that is out of its limits, the setting's full name, its value and what is
/// allowed. (The annotations' own messages name neither the section nor the value.)
/// </summary>
internal sealed class LimitsValidator<TOptions>(string section, Func<TOptions, IEnumerable<string>>? crossChecks = null) : IValidateOptions<TOptions>
    where TOptions : class
{
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        // Options that are each within their limits can still contradict each other; before that a cross-check would only repeat the fault.
        var faults = SettingLimits.Check(section, options).ToList();
        if (faults.Count == 0 && crossChecks is not null)
        {
            faults.AddRange(crossChecks(options));
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}

/// <summary>What a setting may be, in words.</summary>
internal static class SettingLimits
{
    private static readonly string[] SecretWords = ["ConnectionString", "Password", "Secret", "Token", "ApiKey"];

    /// <summary>One sentence for each setting that its annotations don't allow.</summary>
    public static IEnumerable<string> Check(string path, object options)
    {
        foreach (var property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.GetMethod is not { IsPublic: true } || property.GetIndexParameters().Length > 0)
            {
                continue;
            }

            var setting = $"{path}:{property.Name}";
            var value = property.GetValue(options);
            if (BrokenRule(property, value) is { } rule)
            {
                yield return $"{setting} is {Show(property.Name, value)}; allowed: {Allowed(rule)}.";
            }

            // Options of options (Outbox:Kafka:…) are plain classes of ours.
            if (value is not null && property.PropertyType.Namespace?.StartsWith("Tally", StringComparison.Ordinal) == true && property.PropertyType.IsClass)
            {
                foreach (var fault in Check(setting, value))
                {
                    yield return fault;
                }
            }
        }
    }

    /// <summary>A value in quotes, or that there is none. What may hold a password isn't shown.</summary>
    public static string Show(string name, object? value)
    {
        var text = Text(value);
        if (text.Length == 0)
        {
            return "empty";
        }

        if (MayBeSecret(name))
        {
            return "set to a value that is not shown here";
        }

        return text.Length <= 100 ? $"'{text}'" : $"'{text[..100]}…' ({text.Length} characters)";
    }

    /// <summary>What an annotation allows.</summary>
    public static string Allowed(ValidationAttribute rule) => rule switch
    {
        RangeAttribute range => $"{Limit(range.Minimum, range.MinimumIsExclusive, "more than ")} to {Limit(range.Maximum, range.MaximumIsExclusive, "less than ")}",
        StringLengthAttribute { MinimumLength: 0 } length => $"at most {length.MaximumLength} characters",
        StringLengthAttribute length => $"{length.MinimumLength} to {length.MaximumLength} characters",
        MinLengthAttribute length => $"{length.Length} or more",
        MaxLengthAttribute length => $"{length.Length} or fewer",
        RegularExpressionAttribute { ErrorMessage: { } words } => words,
        RegularExpressionAttribute pattern => $"what matches {pattern.Pattern}",
        AllowedValuesAttribute values => string.Join(", ", values.Values.Select(Text)),
        RequiredAttribute => "a value (this setting is required)",
        _ => rule.FormatErrorMessage("the value"),
    };

    /// <summary>The first annotation that is broken; a missing value is said before what is wrong with it.</summary>
    private static ValidationAttribute? BrokenRule(PropertyInfo property, object? value) => property
        .GetCustomAttributes<ValidationAttribute>()
        .OrderByDescending(rule => rule is RequiredAttribute)
        .FirstOrDefault(rule => !rule.IsValid(value));

    private static bool MayBeSecret(string name) => Array.Exists(SecretWords, word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    private static string Limit(object limit, bool exclusive, string words) => (exclusive ? words : "") + Text(limit);

    /// <summary>Times without zeros nobody wrote: <c>00:00:00.25</c>, not <c>00:00:00.2500000</c>.</summary>
    private static string Text(object? value) => value switch
    {
        null => "",
        TimeSpan time when time.Ticks % TimeSpan.TicksPerSecond != 0 => time.ToString("c").TrimEnd('0'),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
