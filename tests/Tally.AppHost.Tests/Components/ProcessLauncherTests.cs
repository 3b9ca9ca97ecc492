using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Components;

public sealed class ProcessLauncherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Log => _folder.In("log");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Output_and_errors_go_to_the_end_of_the_log_and_the_exit_code_is_kept()
    {
        await File.WriteAllTextAsync(Log, "before\n");

        var status = await Shell("echo out; echo err >&2; exit 42").Exited.Within(Processes.Soon);

        Assert.Equal(new ExitStatus(42, 0), status);
        Assert.Equal(["before", "out", "err"], await File.ReadAllLinesAsync(Log));
    }

    [Fact]
    public async Task A_signal_is_told_from_an_exit_code()
    {
        var child = Shell("exec sleep 300");

        child.Kill();

        Assert.Equal(new ExitStatus(137, 9), await child.Exited.Within(Processes.Soon));
    }

    [Fact]
    public async Task A_signal_to_a_child_that_has_ended_does_nothing()
    {
        var child = Shell("exit 0");
        await child.Exited.Within(Processes.Soon);

        child.Kill();

        Assert.Equal(new ExitStatus(0, 0), await child.Exited);
    }

    [Fact]
    public async Task A_child_leads_a_session_of_its_own_so_that_a_terminal_does_not_reach_it()
    {
        var child = Shell("exec sleep 300");

        Assert.Equal(($"{child.Pid}", $"{child.Pid}"), (Processes.Stat(child.Pid, 5), Processes.Stat(child.Pid, 6)));

        child.Kill();
        await child.Exited.Within(Processes.Soon);
    }

    [Fact]
    public async Task Variables_are_added_and_taken_away_whatever_their_names()
    {
        var plan = new LaunchPlan("/usr/bin/env", [], Log)
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["A__security.protocol"] = "a b=c", ["PATH"] = null },
        };

        await ProcessLauncher.Start(plan).Exited.Within(Processes.Soon);

        var lines = await File.ReadAllLinesAsync(Log);
        Assert.Contains("A__security.protocol=a b=c", lines);
        Assert.DoesNotContain(lines, line => line.StartsWith("PATH=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task It_starts_in_the_folder_that_is_asked_for()
    {
        await ProcessLauncher.Start(new LaunchPlan("/bin/sh", ["-c", "pwd"], Log) { WorkingFolder = "/usr" }).Exited.Within(Processes.Soon);

        Assert.Equal(["/usr"], await File.ReadAllLinesAsync(Log));
    }

    [Fact]
    public void A_program_that_is_not_there_is_named()
    {
        var problem = Assert.Throws<SystemProblemException>(() => ProcessLauncher.Start(new LaunchPlan("/no/such/program", [], Log)));

        Assert.Contains("'/no/such/program' couldn't be started", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_there_is_no_posix_spawn_output_is_copied_to_the_log()
    {
        var child = new PortableProcess(new LaunchPlan("/bin/sh", ["-c", "echo out; exit 5"], Log));

        Assert.Equal(new ExitStatus(5, 0), await child.Exited.Within(Processes.Soon));
        Assert.Equal(["out"], await File.ReadAllLinesAsync(Log));
    }

    private ChildProcess Shell(string script) => ProcessLauncher.Start(new LaunchPlan("/bin/sh", ["-c", script], Log));
}
