using System.Collections.Concurrent;
using System.Globalization;
using Tally.AppHost.Components;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Support;
using Tally.Faults;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Components;

public sealed class SupervisedTests : IDisposable
{
    private const string Sleeper = "echo ready; exec sleep 300";

    private readonly TemporaryFolder _folder = new();
    private readonly TestReporter _reporter = new();
    private readonly ConcurrentQueue<ComponentState> _states = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_component_that_dies_is_reported_with_its_last_lines_and_started_again()
    {
        var component = new ShellComponent(_folder.Path, "echo I am; " + Sleeper);
        using var supervised = Supervise(component);
        await supervised.StartAsync(CancellationToken.None).Within(Processes.Soon);

        Processes.Kill(Pid());
        await Eventually.TrueAsync(() => component.Starts == 2 && Last().State == ComponentPhase.Ready, Processes.Soon);

        var trouble = Assert.Single(_reporter.Troubles);
        Assert.Contains("shell died (killed (signal 9)); it is started again in 0.2 s.", trouble, StringComparison.Ordinal);
        Assert.Contains("I am", trouble, StringComparison.Ordinal);
        Assert.Contains(_states, state => state.State == ComponentPhase.Restarting);
        await supervised.StopAsync(CancellationToken.None).Within(Processes.Soon);
    }

    [Fact]
    public async Task One_that_is_killed_on_purpose_is_started_again_at_once_however_often()
    {
        var component = new ShellComponent(_folder.Path, Sleeper);
        using var supervised = Supervise(component);
        await supervised.StartAsync(CancellationToken.None).Within(Processes.Soon);

        for (var kills = 1; kills <= 2 * RestartPolicy.TooMany; kills++)
        {
            supervised.KillOnPurpose();
            await Eventually.TrueAsync(() => component.Starts == kills + 1 && Last().State == ComponentPhase.Ready, Processes.Soon);
        }

        Assert.Empty(_reporter.Troubles);
        Assert.False(supervised.GaveUp.IsCompleted);
        await supervised.StopAsync(CancellationToken.None).Within(Processes.Soon);
    }

    [Fact]
    public async Task What_the_runtime_of_a_killed_one_left_in_the_temporary_folder_is_removed()
    {
        var component = new ShellComponent(_folder.Path, Sleeper);
        using var supervised = Supervise(component);
        await supervised.StartAsync(CancellationToken.None).Within(Processes.Soon);
        var left = Path.Combine(Path.GetTempPath(), $"clr-debug-pipe-{Pid()}-1-in");
        await File.WriteAllTextAsync(left, "");

        supervised.KillOnPurpose();
        await Eventually.TrueAsync(() => component.Starts == 2, Processes.Soon);

        Assert.False(File.Exists(left));
        await supervised.StopAsync(CancellationToken.None).Within(Processes.Soon);
    }

    [Fact]
    public async Task Variables_of_the_next_start_are_its_alone_and_the_death_they_bring_is_not_counted()
    {
        var component = new ShellComponent(_folder.Path, "[ -n \"$DIE\" ] && { echo $$ at $DIE " + FaultPoint.LastWords + "; kill -9 $$; }; " + Sleeper);
        using var supervised = Supervise(component);
        await supervised.StartAsync(CancellationToken.None).Within(Processes.Soon);

        await supervised.RestartAsync(new Dictionary<string, string?> { ["DIE"] = "once" }, CancellationToken.None).Within(Processes.Soon);
        await Eventually.TrueAsync(() => component.Starts == 3 && Last().State == ComponentPhase.Ready, Processes.Soon);

        var line = (await File.ReadAllLinesAsync(component.LogFile)).Single(line => line.Contains("at once", StringComparison.Ordinal));
        Assert.True(supervised.HasReached(int.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture)));
        Assert.Empty(_reporter.Troubles);
        Assert.Empty(supervised.Deaths);
        await supervised.StopAsync(CancellationToken.None).Within(Processes.Soon);
    }

    [Theory]
    [InlineData("exit 9", "exit code 9")]
    [InlineData("kill -9 $$", "killed (signal 9)")]
    public async Task Another_death_than_the_one_that_variables_bring_is_counted(string end, string how)
    {
        var component = new ShellComponent(_folder.Path, "[ -n \"$DIE\" ] && { echo $$ at $DIE; " + end + "; }; " + Sleeper);
        using var supervised = Supervise(component);
        await supervised.StartAsync(CancellationToken.None).Within(Processes.Soon);

        await supervised.RestartAsync(new Dictionary<string, string?> { ["DIE"] = "once" }, CancellationToken.None).Within(Processes.Soon);
        await Eventually.TrueAsync(() => component.Starts == 3 && Last().State == ComponentPhase.Ready, Processes.Soon);

        var line = (await File.ReadAllLinesAsync(component.LogFile)).Single(line => line.Contains("at once", StringComparison.Ordinal));
        Assert.False(supervised.HasReached(int.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture)));
        Assert.Equal([$"shell died ({how})"], supervised.Deaths);
        await supervised.StopAsync(CancellationToken.None).Within(Processes.Soon);
    }

    [Fact]
    public async Task A_kill_takes_the_children_along_and_a_stop_stops_them()
    {
        var component = new ShellComponent(_folder.Path, "sleep 300 & echo ready; wait");
        using var supervised = Supervise(component);
        await supervised.StartAsync(CancellationToken.None).Within(Processes.Soon);
        var child = Assert.Single(ProcessTable.ChildrenOf(Pid()));

        supervised.Freeze();
        await Eventually.TrueAsync(() => Processes.Stat(child, 3) == "T" && Processes.Stat(Pid(), 3) == "T", Processes.Soon);
        supervised.Thaw();
        await Eventually.TrueAsync(() => Processes.Stat(child, 3) == "S", Processes.Soon);
        supervised.KillOnPurpose();

        await Eventually.TrueAsync(() => !Processes.IsAlive(child), Processes.Soon);
        await supervised.StopAsync(CancellationToken.None).Within(Processes.Soon);
    }

    [Fact]
    public async Task After_five_deaths_within_a_minute_it_is_given_up_with_3()
    {
        var component = new ShellComponent(_folder.Path, "echo it hurts; exit 7");
        using var supervised = Supervise(component);

        var problem = await Assert.ThrowsAsync<SystemProblemException>(() => supervised.StartAsync(CancellationToken.None).Within(Processes.Soon));

        Assert.Equal(5, component.Starts);
        Assert.Equal(3, problem.ExitCode);
        Assert.Contains("died 5 times within a minute, at last with exit code 7", problem.Message, StringComparison.Ordinal);
        Assert.Equal(["it hurts"], problem.LogLines);
        Assert.Same(problem, await supervised.GaveUp.Within(Processes.Soon));
        Assert.Equal(ComponentPhase.Failed, Last().State);
    }

    [Fact]
    public async Task A_wrong_setting_is_not_tried_again_and_ends_with_2()
    {
        var component = new ShellComponent(_folder.Path, "exit 2");
        using var supervised = Supervise(component);

        var problem = await Assert.ThrowsAsync<SystemProblemException>(() => supervised.StartAsync(CancellationToken.None).Within(Processes.Soon));

        Assert.Equal((1, 2), (component.Starts, problem.ExitCode));
    }

    [Fact]
    public async Task One_that_does_not_answer_in_time_is_said_to()
    {
        var component = new ShellComponent(_folder.Path, "echo thinking; exec sleep 300") { Patience = TimeSpan.FromMilliseconds(300) };
        using var supervised = Supervise(component);

        var problem = await Assert.ThrowsAsync<SystemProblemException>(() => supervised.StartAsync(CancellationToken.None).Within(Processes.Soon));

        Assert.Contains("didn't answer within", problem.Message, StringComparison.Ordinal);
        Assert.Equal(["thinking"], problem.LogLines);
        await supervised.StopAsync(CancellationToken.None).Within(Processes.Soon);
        Assert.False(Processes.IsAlive(Pid()));
    }

    [Fact]
    public async Task A_check_that_fails_ends_the_start_at_once_and_the_process_with_it()
    {
        var component = new ShellComponent(_folder.Path, Sleeper) { Fault = new InvalidDataException("unreadable answer") };
        using var supervised = Supervise(component);

        var problem = await Assert.ThrowsAsync<SystemProblemException>(() => supervised.StartAsync(CancellationToken.None).Within(Processes.Soon));

        Assert.Contains("unreadable answer", problem.Message, StringComparison.Ordinal);
        Assert.Equal((1, ComponentPhase.Failed), (component.Starts, Last().State));
        Assert.False(Processes.IsAlive(Pid()));
    }

    [Fact]
    public async Task One_that_does_not_answer_after_a_restart_is_said_to_and_waited_for()
    {
        var mark = _folder.In("mark");
        var component = new ShellComponent(_folder.Path, $"[ -e '{mark}' ] && {{ while [ -e '{mark}' ]; do sleep 0.05; done; }}; {Sleeper}")
        {
            Patience = TimeSpan.FromSeconds(2),
        };
        using var supervised = Supervise(component);
        await supervised.StartAsync(CancellationToken.None).Within(Processes.Soon);
        await File.WriteAllTextAsync(mark, "");

        Processes.Kill(Pid());
        await Eventually.TrueAsync(() => _reporter.Troubles.Count == 2, Processes.Soon);

        Assert.Contains("shell was started again, but doesn't answer since 2 s.", _reporter.Troubles.Last(), StringComparison.Ordinal);
        File.Delete(mark);
        await Eventually.TrueAsync(() => Last().State == ComponentPhase.Ready, Processes.Soon);
        Assert.Equal(2, component.Starts);
        await supervised.StopAsync(CancellationToken.None).Within(Processes.Soon);
    }

    [Fact]
    public async Task One_that_stops_when_asked_is_stopped_cleanly()
    {
        var component = new ShellComponent(_folder.Path, Sleeper);
        using var supervised = Supervise(component);
        await supervised.StartAsync(CancellationToken.None).Within(Processes.Soon);

        await supervised.StopAsync(CancellationToken.None).Within(Processes.Soon);

        Assert.True(component.WasStoppedCleanly);
        Assert.Equal((1, ComponentPhase.Stopped), (component.Starts, Last().State));
        Assert.Empty(_reporter.Troubles);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_that_does_not_stop_is_killed_when_its_time_is_up_or_at_once(bool atOnce)
    {
        var component = new ShellComponent(_folder.Path, "trap '' TERM; echo ready; while :; do sleep 0.1; done");
        using var supervised = Supervise(component);
        await supervised.StartAsync(CancellationToken.None).Within(Processes.Soon);

        await supervised.StopAsync(new CancellationToken(atOnce)).Within(Processes.Soon);

        Assert.False(component.WasStoppedCleanly);
        Assert.Equal(ComponentPhase.Stopped, Last().State);
    }

    [Fact]
    public async Task A_stop_during_a_pause_starts_nothing_any_more()
    {
        var component = new ShellComponent(_folder.Path, "exit 1");
        using var supervised = Supervise(component);
        var start = supervised.StartAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => _reporter.Troubles.Count == 3, Processes.Soon);

        await supervised.StopAsync(CancellationToken.None).Within(Processes.Soon);

        Assert.Equal(3, component.Starts);
        Assert.False(start.IsCompleted);
    }

    private Supervised Supervise(Component component) => new(component, (_, state) => _states.Enqueue(state), _reporter, TimeProvider.System);

    private ComponentState Last() => _states.Last();

    private int Pid() => _states.Select(state => state.Pid).OfType<int>().Last();
}
