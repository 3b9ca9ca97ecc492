using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;

namespace Tally.Telemetry;

/// <summary>
/// How the services log unless the configuration's <c>Logging</c> section says otherwise. These lie below every other source of configuration, so each
/// one can be overridden by its usual name.
/// </summary>
internal static class LoggingDefaults
{
    public static void AddTo(IConfigurationBuilder configuration, bool terminal, bool traced)
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            // Libraries are heard when something is wrong (Npgsql, for one, tells every statement at Information).
            ["Logging:LogLevel:Default"] = "Warning",
            ["Logging:LogLevel:Tally"] = "Information",

            // A log that wants to say something about each request makes the server build an Activity for each request.
            ["Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics"] = "None",

            // It repeats every failed check at every probe; HealthEndpoint says it once.
            ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",

            ["Logging:Console:FormatterName"] = terminal ? "simple" : "json",
            // What they add to a line is its trace.
            ["Logging:Console:FormatterOptions:IncludeScopes"] = traced && !terminal ? "true" : "false",
            ["Logging:Console:FormatterOptions:UseUtcTimestamp"] = terminal ? "false" : "true",
            ["Logging:Console:FormatterOptions:TimestampFormat"] = terminal ? "HH:mm:ss.fff " : "yyyy-MM-ddTHH:mm:ss.fffffffZ",
            ["Logging:Console:FormatterOptions:SingleLine"] = "true",

            // Whoever reads the log may stall; the service must not stall with it. What was dropped is counted in the log itself.
            ["Logging:Console:QueueFullMode"] = "DropWrite",
            ["Logging:Console:MaxQueueLength"] = "8192",
        };
        if (Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 })
        {
            settings["Logging:Console:FormatterOptions:ColorBehavior"] = "Disabled";
        }

        configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = settings });
    }
}
