using Tally.AppHost.Hosting;

namespace Tally.Bench.Servers;

/// <summary>A Calculator in a schema of its own, whose relay is off and whose results nobody consumes: what storing costs, and nothing else.</summary>
internal static class DurableServer
{
    public static Task<ServerProcess> StartAsync(LocalSystem system, params string[] more) =>
        StartAsync(system, new Dictionary<string, string>(StringComparer.Ordinal), more);

    /// <summary>With additions to its environment.</summary>
    public static Task<ServerProcess> StartAsync(LocalSystem system, IReadOnlyDictionary<string, string> environment, params string[] more)
    {
        var program = Path.Combine(
            Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar))!, "..", "Tally.Calculator", "release", "Tally.Calculator");
        return ServerProcess.StartAsync(
            Path.GetFullPath(program),
            environment,
            [$"--Outbox:ConnectionString={system.Connections.Calculator.ConnectionString}", "--Outbox:Schema=bench", "--Outbox:RelayEnabled=false", .. more]);
    }
}
