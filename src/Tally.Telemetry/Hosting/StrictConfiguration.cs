using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.Options;

namespace Tally.Telemetry.Hosting;

/// <summary>A section of the configuration that is ours, and what it is bound to.</summary>
internal sealed record StrictSection(string Path, Type Type);

/// <summary>Finds settings that nobody would read, and values that nobody could.</summary>
internal static class StrictConfiguration
{
    /// <summary>Sections that belong to the framework.</summary>
    private static readonly string[] Framework =
    [
        "Logging", "Kestrel", "AllowedHosts", "ConnectionStrings", "urls", "http_ports", "https_ports", "environment", "contentRoot", "applicationName",
        "hostBuilder", "shutdownTimeoutSeconds", "preferHostingUrls",
    ];

    /// <summary>What is wrong inside one section.</summary>
    public static List<string> Check(IConfiguration configuration, StrictSection section)
    {
        var faults = new List<string>();
        SettingTree.Check(configuration.GetSection(section.Path), section.Type, faults);
        return faults;
    }

    /// <summary>
    /// Sections that aren't anybody's. On the command line and in JSON files everything is meant for this program; the environment is shared with others,
    /// so there only a slip of one letter in a section's name counts.
    /// </summary>
    public static List<string> CheckSectionNames(IConfiguration configuration, IEnumerable<StrictSection> sections)
    {
        var ours = sections.Select(section => section.Path.Split(':')[0]).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal).ToList();
        var faults = new List<string>();
        if (configuration is not IConfigurationRoot root)
        {
            return faults;
        }

        foreach (var provider in root.Providers)
        {
            var exact = provider is CommandLineConfigurationProvider or JsonConfigurationProvider;
            if (!exact && provider is not EnvironmentVariablesConfigurationProvider)
            {
                continue;
            }

            var unknown = provider.GetChildKeys([], null)
                .Distinct(StringComparer.OrdinalIgnoreCase)
                .Where(name => !ours.Concat(Framework).Contains(name, StringComparer.OrdinalIgnoreCase))
                .Where(name => exact || (provider.GetChildKeys([], name).Any() && Spelling.Distance(name, Spelling.Nearest(name, ours)) == 1));
            faults.AddRange(unknown.Select(name => Spelling.Unknown(name, "", ours)));
        }

        return faults;
    }

    /// <summary>Options without content: validating them at the start is what runs the check.</summary>
    internal sealed class Gate;

    /// <summary>Checks all sections that are ours.</summary>
    internal sealed class GateKeeper(IConfiguration configuration, IEnumerable<StrictSection> sections) : IValidateOptions<Gate>
    {
        public ValidateOptionsResult Validate(string? name, Gate options)
        {
            var faults = CheckSectionNames(configuration, sections);
            faults.AddRange(sections.Distinct().SelectMany(section => Check(configuration, section)));
            return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults.Distinct(StringComparer.Ordinal));
        }
    }
}
