using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Hosting;

public sealed class SystemFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_written_is_read_back()
    {
        var file = new StateFile(_folder.In("system.json"), new TestReporter());
        file.Change("kafka", new ComponentState
        {
            Version = "4.3.1",
            Source = "here",
            Pid = 7,
            State = ComponentPhase.Restarting,
            Endpoints = { ["bootstrap"] = "127.0.0.1:9092" },
        });
        file.Change(SystemPhase.Ready);

        var state = SystemFiles.TryReadState(_folder.Path)!;

        Assert.Equal((Environment.ProcessId, SystemPhase.Ready), (state.Pid, state.State));
        var kafka = state.Components["kafka"];
        Assert.Equal(("4.3.1", "here", 7, ComponentPhase.Restarting), (kafka.Version, kafka.Source, kafka.Pid, kafka.State));
        Assert.Equal("127.0.0.1:9092", kafka.Endpoints["bootstrap"]);
        Assert.Contains("\"state\": \"restarting\"", File.ReadAllText(_folder.In("system.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void This_process_runs_and_one_with_its_id_that_started_at_another_time_does_not()
    {
        var state = new StateFile(_folder.In("system.json"), new TestReporter()).Current;

        Assert.True(SystemFiles.IsRunning(state));
        Assert.False(SystemFiles.IsRunning(state with { SupervisorStart = state.SupervisorStart + 1 }));
        Assert.False(SystemFiles.IsRunning(state with { Pid = int.MaxValue }));
    }

    [Fact]
    public void Where_nothing_runs_people_are_told_what_to_run()
    {
        var problem = Assert.Throws<SystemProblemException>(() => SystemFiles.ReadRunning(_folder.Path));

        Assert.Equal(3, problem.ExitCode);
        Assert.Contains($"run ./tally up --data {_folder.Path}", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_can_not_be_written_is_named()
    {
        var problem = Assert.Throws<SystemProblemException>(() => new SystemFolder("/proc/tally").Prepare());

        Assert.Equal(3, problem.ExitCode);
        Assert.Contains("'/proc/tally' can't be written to", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_owner_reads_passwords_and_they_stay_the_same()
    {
        var settings = new SystemSettings { DataFolder = _folder.Path };
        var file = new ConnectionsFile(new SystemFolder(_folder.Path));

        var first = file.ReadOrBegin(settings);
        var second = file.ReadOrBegin(settings);

        Assert.Equal(first.Calculator.Password, second.Calculator.Password);
        Assert.NotEqual(first.Calculator.Password, first.Totals.Password);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.In("connections.json")));
    }

    [Fact]
    public void Data_that_lie_in_one_place_are_not_looked_for_in_another()
    {
        var file = new ConnectionsFile(new SystemFolder(_folder.Path));
        var own = new SystemSettings { DataFolder = _folder.Path };
        file.ReadOrBegin(own);

        Assert.Throws<SystemProblemException>(() => file.ReadOrBegin(own with { Postgres = "Host=elsewhere" }));
        Assert.Throws<SystemProblemException>(() => file.ReadOrBegin(own with { KafkaServers = "elsewhere:9092" }));
    }

    [Fact]
    public void A_server_that_was_named_once_need_not_be_named_again()
    {
        var file = new ConnectionsFile(new SystemFolder(_folder.Path));
        var begun = file.ReadOrBegin(new SystemSettings { DataFolder = _folder.Path, Postgres = "Host=db", KafkaServers = "broker:9092" });
        file.Write(begun with { Calculator = begun.Calculator with { ConnectionString = "Host=db;Database=x" }, Kafka = begun.Kafka with { Topic = "sums" } });

        var later = file.ReadOrBegin(new SystemSettings { DataFolder = _folder.Path });

        Assert.Equal((true, "Host=db"), (later.Postgres.External, later.Postgres.ConnectionString));
        Assert.Equal((true, "broker:9092"), (later.Kafka.External, later.Kafka.BootstrapServers));
    }

    [Fact]
    public void A_server_that_no_start_came_to_use_is_forgotten()
    {
        var file = new ConnectionsFile(new SystemFolder(_folder.Path));
        file.ReadOrBegin(new SystemSettings { DataFolder = _folder.Path, Postgres = "Host=typo", KafkaServers = "typo:9092" });

        var later = file.ReadOrBegin(new SystemSettings { DataFolder = _folder.Path });

        Assert.Equal((false, ""), (later.Postgres.External, later.Postgres.ConnectionString));
        Assert.Equal((false, ""), (later.Kafka.External, later.Kafka.BootstrapServers));
    }

    [Fact]
    public void Passwords_that_are_gone_are_not_made_anew_over_data()
    {
        Directory.CreateDirectory(_folder.In("postgres"));

        var problem = Assert.Throws<SystemProblemException>(
            () => new ConnectionsFile(new SystemFolder(_folder.Path)).ReadOrBegin(new SystemSettings { DataFolder = _folder.Path }));

        Assert.Contains("connections.json", problem.Message, StringComparison.Ordinal);
    }
}
