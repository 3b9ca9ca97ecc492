using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Tally.Calculator;
using Tally.Inbox;
using Tally.Outbox;
using Tally.Telemetry.Hosting;
using Tally.TestSupport;
using Tally.Totals;

namespace Tally.EndToEnd.Tests.Documents;

/// <summary>docs/configuration.md says of every setting what the code says: name, environment variable, default and limits.</summary>
public sealed class ConfigurationDocumentTests
{
    private static readonly (string Section, object Defaults)[] Options =
    [
        (ListenOptions.Section, new ListenOptions()),
        (CalculatorOptions.Section, new CalculatorOptions()),
        (OutboxOptions.Section, new OutboxOptions()),
        (InboxOptions.Section, new InboxOptions()),
        (TotalsOptions.Section, new TotalsOptions()),
    ];

    [Fact]
    public void The_document_has_a_row_for_every_setting_and_none_for_others()
    {
        var expected = Options.SelectMany(option => Rows(option.Section, option.Defaults)).Order(StringComparer.Ordinal).ToList();
        var actual = File.ReadLines(Path.Combine(Repository.Root, "docs", "configuration.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            // OpenTelemetry's own, which its SDK reads.
            .Where(line => !line.StartsWith("| `OTEL_", StringComparison.Ordinal))
            .Select(line => string.Join('|', line.Split('|').Take(5)) + "|")
            .Order(StringComparer.Ordinal).ToList();

        Assert.Equal(string.Join('\n', expected), string.Join('\n', actual));
    }

    private static IEnumerable<string> Rows(string path, object options)
    {
        foreach (var property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var value = property.GetValue(options);
            var setting = $"{path}:{property.Name}";
            if (value is not null && property.PropertyType == typeof(Tally.Kafka.KafkaOptions))
            {
                foreach (var row in Rows(setting, value))
                {
                    yield return row;
                }

                continue;
            }

            var name = value is IDictionary<string, string> ? $"{setting}:NAME" : setting;
            yield return $"| `{name}` | `{name.Replace(":", "__", StringComparison.Ordinal)}` | {Default(value)} | {Limits(property)} |";
        }
    }

    private static string Default(object? value) => value switch
    {
        null or "" or IDictionary<string, string> => "",
        TimeSpan time when time.Ticks % TimeSpan.TicksPerSecond != 0 => $"`{time.ToString("c", CultureInfo.InvariantCulture).TrimEnd('0')}`",
        TimeSpan time => $"`{time:c}`",
        bool flag => flag ? "`true`" : "`false`",
        Enum kind => $"`{kind.ToString().ToLowerInvariant()}`",
        _ => $"`{Convert.ToString(value, CultureInfo.InvariantCulture)}`",
    };

    private static string Limits(PropertyInfo property)
    {
        var required = property.GetCustomAttribute<RequiredAttribute>() is not null ? "required" : "";
        var limits = property switch
        {
            _ when property.GetCustomAttribute<RangeAttribute>() is { } range => $"{range.Minimum} to {range.Maximum}",
            _ when property.GetCustomAttribute<StringLengthAttribute>() is { } length => $"{length.MinimumLength} to {length.MaximumLength} characters",
            _ when property.GetCustomAttribute<RegularExpressionAttribute>() is { } pattern => $"`{pattern.Pattern}`",
            _ when property.PropertyType.IsEnum => string.Join(", ", Enum.GetNames(property.PropertyType).Select(name => $"`{name.ToLowerInvariant()}`")),
            _ when property.PropertyType == typeof(bool) => "`true`, `false`",
            _ => "",
        };
        return string.Join("; ", new[] { required, limits }.Where(part => part.Length > 0));
    }
}
