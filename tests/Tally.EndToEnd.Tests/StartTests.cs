using System.Net;
using System.Net.Sockets;
using Tally.TestSupport;

namespace Tally.EndToEnd.Tests;

[Collection(nameof(OwnSystems))]
public sealed class StartTests : IAsyncLifetime
{
    private readonly string _folder = RunningSystem.NewFolder();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await TallyProgram.RunAsync("down", "--data", _folder);
        await TallyProgram.RunAsync("reset", "--yes", "--data", _folder);
    }

    [Theory]
    [InlineData("up")]
    [InlineData("up", "--detach")]
    [InlineData("demo")]
    public async Task A_data_folder_that_cannot_be_written_to_ends_with_3_and_is_named(params string[] command)
    {
        // Nobody can make a folder there, not even root.
        var failed = (await TallyProgram.RunAsync([.. command, "--data", "/proc/tally-data"])).With(3);

        Assert.Contains("/proc/tally-data", failed.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("fault in Tally", failed.Error, StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task A_port_that_is_taken_is_replaced_and_said()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString();

        var up = (await TallyProgram.RunAsync(
            ["up", "--detach", "--json", "--data", _folder, .. RunningSystem.FreePorts.Where((_, at) => at is not (2 or 3)), "--calculator-http-port", port])).With(0);

        Assert.Contains(port, up.Error, StringComparison.Ordinal);
        var place = up.Json.GetProperty("components").GetProperty("calculator-1").GetProperty("endpoints").GetProperty("http").GetString()!;
        Assert.DoesNotContain($":{port}", place, StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task Up_stays_until_it_is_interrupted_and_leaves_nothing_running()
    {
        await using var up = TallyProgram.Start(["up", "--json", "--data", _folder, .. RunningSystem.FreePorts]);
        await Eventually.TrueAsync(() => up.Out.Length > 0, TimeSpan.FromMinutes(3));
        var pid = up.Json.GetProperty("components").GetProperty("totals-1").GetProperty("pid").GetInt32();
        (await TallyProgram.RunAsync("add", "1", "1", "--data", _folder)).With(0);

        await Signals.InterruptAsync(up.Pid);

        Assert.Equal(0, await up.WaitForExitAsync());
        Assert.False(Signals.IsAlive(pid));
    }

    [KafkaFact]
    public async Task A_folder_with_other_things_is_refused_and_a_reset_removes_only_what_is_the_systems()
    {
        var folder = Path.Combine(_folder, "ü é");
        Directory.CreateDirectory(folder);
        var precious = Path.Combine(folder, "precious");
        await File.WriteAllTextAsync(precious, "x");
        var refused = (await TallyProgram.RunAsync(["up", "--detach", "--data", folder, .. RunningSystem.FreePorts])).With(3);
        Assert.Contains("'precious'", refused.Error, StringComparison.Ordinal);
        File.Delete(precious);

        (await TallyProgram.RunAsync(["up", "--detach", "--data", folder, .. RunningSystem.FreePorts])).With(0);
        var second = (await TallyProgram.RunAsync(["up", "--detach", "--json", "--data", folder, .. RunningSystem.FreePorts])).With(3);
        Assert.Contains("already, led by process", second.Out, StringComparison.Ordinal);
        await File.WriteAllTextAsync(precious, "x");
        (await TallyProgram.RunAsync("reset", "--yes", "--data", folder)).With(0);

        Assert.Equal([precious], Directory.EnumerateFileSystemEntries(folder));
    }
}
