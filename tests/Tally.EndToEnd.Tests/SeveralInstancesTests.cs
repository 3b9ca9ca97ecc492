using System.Text.Json;
using Npgsql;
using Tally.TestSupport;

namespace Tally.EndToEnd.Tests;

/// <summary>Two Calculators and two Totals: each has a place, a name and a log of its own, and commands talk to whoever is ready.</summary>
[Collection(nameof(OwnSystems))]
public sealed class SeveralInstancesTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly string[] Services = ["calculator-1", "calculator-2", "totals-1", "totals-2"];

    private readonly RunningSystem _system = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => ((IAsyncLifetime)_system).DisposeAsync();

    [KafkaFact]
    public async Task Each_instance_works_is_watched_and_can_be_spared()
    {
        (await _system.RunAsync(["up", "--detach", "--calculators", "2", "--totals", "2", .. RunningSystem.FreePorts])).With(0);
        var components = await _system.ComponentsAsync();
        Assert.All(Services, name => Assert.Equal("ready", components.GetProperty(name).GetProperty("state").GetString()));
        Assert.Equal(8, Services.SelectMany(name => EndpointsOf(components, name)).Distinct().Count());
        Assert.All(Services, name => Assert.NotEmpty(File.ReadAllText(Path.Combine(_system.Folder, "logs", name + ".log"))));
        AssertScraped(components);
        Assert.Equal(["calculator-1", "calculator-2"], await LeaseOwnersAsync());

        foreach (var spared in Services)
        {
            await Signals.KillAsync(await _system.PidOfAsync(spared));
            (await _system.RunAsync("add", "40", "2")).With(0);
            await Eventually.TrueAsync(async () => (await _system.RunAsync("status")).ExitCode == 0, Patience);
        }

        (await _system.RunAsync("add", "40", "2", "--wait")).With(0);
        (await _system.RunAsync("total")).With(0);
        var proof = (await _system.RunAsync("verify", "--json")).With(0).Json;
        Assert.Equal(5, proof.GetProperty("applied").GetProperty("count").GetInt64());

        components = await _system.ComponentsAsync();
        var pids = Services.Select(name => components.GetProperty(name).GetProperty("pid").GetInt32()).ToArray();
        (await _system.RunAsync("down")).With(0);
        Assert.DoesNotContain(pids, Signals.IsAlive);
    }

    private static IEnumerable<string?> EndpointsOf(JsonElement components, string name) =>
        components.GetProperty(name).GetProperty("endpoints").EnumerateObject().Select(endpoint => endpoint.Value.GetString());

    private void AssertScraped(JsonElement components)
    {
        if (components.GetProperty("prometheus").GetProperty("state").GetString() == "missing")
        {
            return;
        }

        var targets = JsonDocument.Parse(File.ReadAllText(Path.Combine(_system.Folder, "prometheus", "targets", "tally.json"))).RootElement;
        Assert.Equal(
            Services.Select(name => new Uri(components.GetProperty(name).GetProperty("endpoints").GetProperty("http").GetString()!).Authority).Order(),
            targets.EnumerateArray().SelectMany(target => target.GetProperty("targets").EnumerateArray()).Select(target => target.GetString()!).Order());
        Assert.Equal(
            Services.Select(name => name[..name.IndexOf('-', StringComparison.Ordinal)]).Order(),
            targets.EnumerateArray().Select(target => target.GetProperty("labels").GetProperty("service").GetString()!).Order());
    }

    /// <summary>Who holds shards. A fair share takes a moment when one instance was there first.</summary>
    private async Task<IReadOnlyList<string>> LeaseOwnersAsync()
    {
        var file = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(_system.Folder, "connections.json"))).RootElement;
        await using var database = NpgsqlDataSource.Create(file.GetProperty("calculator").GetProperty("connection_string").GetString()!);
        List<string> owners = [];
        await Eventually.TrueAsync(
            async () =>
            {
                await using var command = database.CreateCommand("SELECT DISTINCT split_part(owner, '/', 1) FROM outbox.leases WHERE owner <> '' ORDER BY 1");
                await using var reader = await command.ExecuteReaderAsync();
                owners.Clear();
                while (await reader.ReadAsync())
                {
                    owners.Add(reader.GetString(0));
                }

                return owners.Count == 2;
            },
            Patience);
        return owners;
    }
}
