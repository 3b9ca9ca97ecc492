using Tally.AppHost.Components.Processes;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Components;

/// <summary>This program itself plays the supervisor that is killed: see Program.cs.</summary>
public sealed class WatchdogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Killing_the_supervisor_leaves_no_process_and_no_folder()
    {
        var (supervisor, children, watchdog) = await StartSupervisorAsync();
        Assert.True(Directory.Exists(_folder.In("thrown-away")));
        Assert.All(children, child => Assert.True(Processes.IsAlive(child)));

        supervisor.Kill();

        await Eventually.TrueAsync(() => !children.Exists(Processes.IsAlive) && !Processes.IsAlive(watchdog), Processes.Soon);
        Assert.False(Directory.Exists(_folder.In("thrown-away")));
        Assert.True(Directory.Exists(_folder.In("kept")));
    }

    [Fact]
    public async Task A_watchdog_that_is_killed_itself_is_replaced()
    {
        var (supervisor, children, watchdog) = await StartSupervisorAsync();

        Processes.Kill(watchdog);
        await Eventually.TrueAsync(() => int.Parse(File.ReadAllText(_folder.In("watchdog"))) != watchdog, Processes.Soon);
        supervisor.Kill();

        await Eventually.TrueAsync(() => !children.Exists(Processes.IsAlive) && !Directory.Exists(_folder.In("thrown-away")), Processes.Soon);
    }

    [Fact]
    public async Task A_process_that_carries_no_token_is_left_alone()
    {
        var bystander = ProcessLauncher.Start(new LaunchPlan("/bin/sleep", ["300"], _folder.In("log")) { Outlives = true });
        var (supervisor, children, _) = await StartSupervisorAsync();

        supervisor.Kill();
        await Eventually.TrueAsync(() => !children.Exists(Processes.IsAlive), Processes.Soon);

        Assert.True(Processes.IsAlive(bystander.Pid));
        bystander.Kill();
        await bystander.Exited.Within(Processes.Soon);
    }

    private async Task<(ChildProcess Supervisor, List<int> Children, int Watchdog)> StartSupervisorAsync()
    {
        Directory.CreateDirectory(_folder.In("thrown-away"));
        Directory.CreateDirectory(_folder.In("kept"));
        var program = Path.ChangeExtension(typeof(WatchdogTests).Assembly.Location, null);
        var supervisor = ProcessLauncher.Start(new LaunchPlan(program, ["supervise", _folder.Path], _folder.In("supervisor.log")));
        var file = _folder.In("children");
        await Eventually.TrueAsync(() => File.Exists(file), Processes.Soon);
        return (supervisor, [.. (await File.ReadAllLinesAsync(file)).Select(int.Parse)], int.Parse(await File.ReadAllTextAsync(_folder.In("watchdog"))));
    }
}
