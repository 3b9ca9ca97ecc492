using System.Text.Json;
using Tally.AppHost.Commands;
using Tally.AppHost.Commands.Output;

namespace Tally.AppHost.Tests.Commands;

public sealed class CommandLineTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"tally-cli-{Guid.NewGuid():N}");
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public void Dispose()
    {
        _out.Dispose();
        _error.Dispose();
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Fact]
    public async Task Wrong_usage_ends_with_2()
    {
        Assert.Equal(2, await RunAsync("add", "1"));
        Assert.Equal(("", "B is missing. See ./tally add --help\n"), (_out.ToString(), _error.ToString()));
    }

    [Fact]
    public async Task Wrong_usage_is_an_object_when_json_is_asked_for()
    {
        Assert.Equal(2, await RunAsync("demo", "--json", "--calls", "0"));

        var answer = JsonDocument.Parse(_out.ToString()).RootElement;
        Assert.False(answer.GetProperty("ok").GetBoolean());
        Assert.Equal("USAGE", answer.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains("--calls", answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("add", "1", "2")]
    [InlineData("total")]
    [InlineData("total", "--watch")]
    [InlineData("watch")]
    [InlineData("verify")]
    [InlineData("status")]
    [InlineData("logs", "kafka")]
    [InlineData("down")]
    [InlineData("reset", "--yes")]
    public async Task Without_a_system_there_a_command_ends_with_3_and_says_what_to_run(params string[] arguments)
    {
        Assert.Equal(3, await RunAsync([.. arguments, "--data", _folder]));
        Assert.Empty(_out.ToString());
        Assert.Contains("run ./tally up", _error.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder));
    }

    [Fact]
    public async Task Without_a_system_there_the_object_says_so()
    {
        Assert.Equal(3, await RunAsync("status", "--json", "--data", _folder));
        Assert.Equal("NOT_RUNNING", JsonDocument.Parse(_out.ToString()).RootElement.GetProperty("error").GetProperty("code").GetString());
        Assert.Empty(_error.ToString());
    }

    [Theory]
    [InlineData("stopped", "was stopped already")]
    [InlineData("ready", "doesn't run any more: its process 2147483647 died without stopping it")]
    public async Task Where_nothing_runs_any_more_down_says_how_it_ended(string state, string ending)
    {
        Directory.CreateDirectory(_folder);
        await File.WriteAllTextAsync(Path.Combine(_folder, "system.json"), $$"""{"pid": {{int.MaxValue}}, "supervisor_start": 1, "state": "{{state}}" }""");

        Assert.Equal(0, await RunAsync("down", "--data", _folder));
        Assert.Contains(ending, _out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_demo_in_a_folder_that_exists_is_refused()
    {
        Directory.CreateDirectory(_folder);

        Assert.Equal(2, await RunAsync("demo", "--data", _folder));
        Assert.Contains("exists already", _error.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("up")]
    [InlineData("up", "--detach")]
    [InlineData("demo")]
    public async Task Settings_for_a_Kafka_that_is_not_named_are_refused(params string[] arguments)
    {
        Assert.Equal(2, await RunAsync([.. arguments, "--data", _folder, "--kafka-settings", "security.protocol=SSL"]));
        Assert.StartsWith("--kafka-settings is there for a Kafka that runs already, but none is named", _error.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder));
    }

    [Fact]
    public async Task Watching_gives_no_object()
    {
        Assert.Equal(2, await RunAsync("total", "--watch", "--json", "--data", _folder));
        Assert.Contains("--watch and --json", _out.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("demo")]
    [InlineData("test")]
    [InlineData("up")]
    [InlineData("add")]
    [InlineData("total")]
    [InlineData("watch")]
    [InlineData("verify")]
    [InlineData("status")]
    [InlineData("logs")]
    [InlineData("down")]
    [InlineData("reset")]
    [InlineData("doctor")]
    public async Task Help_ends_with_an_example(string command)
    {
        Assert.Equal(0, await RunAsync(command, "--help"));
        Assert.Contains($"Example:\n  ./tally {command}", _out.ToString(), StringComparison.Ordinal);
        Assert.Contains("--data", _out.ToString(), StringComparison.Ordinal);
        Assert.Empty(_error.ToString());
    }

    [Fact]
    public async Task Help_of_the_program_lists_the_commands()
    {
        Assert.Equal(0, await RunAsync("--help"));
        Assert.Contains("verify", _out.ToString(), StringComparison.Ordinal);
        Assert.Contains("./tally demo", _out.ToString(), StringComparison.Ordinal);
    }

    private Task<int> RunAsync(params string[] arguments) =>
        TallyCommandLine.RunAsync(arguments, new Terminal(() => TextReader.Null, _out, _error)).WaitAsync(TimeSpan.FromSeconds(30));
}
