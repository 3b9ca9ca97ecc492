using System.Text.Json;
using Tally.TestSupport;

namespace Tally.EndToEnd.Tests;

/// <summary>A whole system, started as a person would with <c>up --detach</c>, on free ports and in a folder of its own.</summary>
public sealed class RunningSystem : IAsyncLifetime
{
    internal static readonly string[] FreePorts =
    [
        "--calculator-port", "0", "--calculator-http-port", "0", "--totals-port", "0", "--totals-http-port", "0",
        "--postgres-port", "0", "--kafka-port", "0", "--prometheus-port", "0", "--grafana", "off",
    ];

    /// <summary>Its data folder.</summary>
    public string Folder { get; } = NewFolder();

    /// <summary>What its commands get in their environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Runs a command on it.</summary>
    internal Task<Ended> RunAsync(params IReadOnlyList<string> arguments) => TallyProgram.RunAsync([arguments[0], "--data", Folder, .. arguments.Skip(1)], Environment);

    /// <summary>Starts it.</summary>
    internal async Task UpAsync() => (await RunAsync(["up", "--detach", "--history", "table", .. FreePorts])).With(0);

    /// <summary>What runs where.</summary>
    internal async Task<JsonElement> ComponentsAsync() => (await RunAsync("status", "--json")).Json.GetProperty("components");

    internal async Task<int> PidOfAsync(string component) => (await ComponentsAsync()).GetProperty(component).GetProperty("pid").GetInt32();

    internal async Task<string> EndpointAsync(string component, string protocol) =>
        (await ComponentsAsync()).GetProperty(component).GetProperty("endpoints").GetProperty(protocol).GetString()!;

    internal static string NewFolder() => Path.Combine(Path.GetTempPath(), $"tally-e2e-{Guid.NewGuid():N}");

    // Where its tests are skipped it isn't started.
    Task IAsyncLifetime.InitializeAsync() => ModernKafka.WhyNot is null ? UpAsync() : Task.CompletedTask;

    async Task IAsyncLifetime.DisposeAsync()
    {
        await RunAsync("down");
        await RunAsync("reset", "--yes");
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}

/// <summary>Tests that share one system, and run one after the other.</summary>
[CollectionDefinition(nameof(SharedSystem), DisableParallelization = true)]
public sealed class SharedSystem : ICollectionFixture<RunningSystem>;
