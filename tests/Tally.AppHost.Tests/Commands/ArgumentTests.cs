using System.CommandLine;
using Tally.AppHost.Commands;

namespace Tally.AppHost.Tests.Commands;

public sealed class ArgumentTests
{
    [Theory]
    [InlineData("-3", "2")]
    [InlineData("3", "-2")]
    [InlineData("-3", "-2.5")]
    [InlineData("abc", "1")]
    [InlineData("", "1")]
    [InlineData("1", "")]
    [InlineData(" 1", "2 ")]
    [InlineData("1e5", "--5")]
    [InlineData("-x", "1")]
    [InlineData("@file", "[x]")]
    [InlineData("true", "false")]
    [InlineData("0x10", "١")]
    [InlineData("add", "up")]
    [InlineData("-", "1")]
    public void What_add_is_given_reaches_it_unchanged(string a, string b)
    {
        AssertAdds(a, b, "add", a, b);
        AssertAdds(a, b, "add", "--wait", a, b);
        AssertAdds(a, b, "add", a, b, "--wait", "--json");
        AssertAdds(a, b, "add", "--key", "k", a, b);
        AssertAdds(a, b, "add", "--", a, b);
    }

    [Fact]
    public void What_looks_like_an_option_is_a_number_behind_two_dashes() => AssertAdds("--wait", "--json", "add", "--", "--wait", "--json");

    [Theory]
    [InlineData("add 1 2 --bogus", "--bogus is not an option of 'add'")]
    [InlineData("add --bogus 1 2", "--bogus is not an option of 'add'")]
    [InlineData("add --jsno 1", "--jsno is not an option of 'add'")]
    [InlineData("add -k 1 2", "-k is not an option of 'add'")]
    [InlineData("add 1", "B is missing")]
    [InlineData("add", "A is missing")]
    [InlineData("add 1 2 3", "'3' is one argument too many for 'add'")]
    [InlineData("add 1 2 -3", "'-3' is one argument too many for 'add'")]
    [InlineData("add 1 2 --key", "--key needs a value")]
    [InlineData("add 1 2 --timeout 0", "--timeout is '0', but it must be a whole number from 1 to 3600")]
    [InlineData("demo --calls 0", "--calls is '0', but it must be a whole number from 1 to 100000000")]
    [InlineData("demo --calls -1", "--calls is '-1', but it must be a whole number from 1 to 100000000")]
    [InlineData("demo --calls many", "--calls is 'many', but it must be a whole number")]
    [InlineData("demo --calls 1 --calls 2", "--calls is there more than once")]
    [InlineData("demo --callers 5000", "--callers is '5000', but it must be a whole number from 1 to 4096")]
    [InlineData("demo --seed 1.5", "--seed is '1.5'")]
    [InlineData("demo extra", "'extra' is one argument too many for 'demo'")]
    [InlineData("demo --wat", "--wat is not an option of 'demo'")]
    [InlineData("up --history all", "--history is 'all', but it must be one of off, log, table")]
    [InlineData("up --totals-port 65536", "--totals-port is '65536', but it must be a whole number from 0 to 65535")]
    [InlineData("up --calculators 0", "--calculators is '0', but it must be a whole number from 1 to 8")]
    [InlineData("demo --totals 9", "--totals is '9', but it must be a whole number from 1 to 8")]
    [InlineData("up --kafka-from moon", "--kafka-from is 'moon', but it must be one of auto, home, download, npm")]
    [InlineData("up --grafana moon", "--grafana is 'moon', but it must be one of auto, docker, off")]
    [InlineData("up --grafana-port -1", "--grafana-port is '-1', but it must be a whole number from 0 to 65535")]
    [InlineData("demo --grafana off", "--grafana is not an option of 'demo'")]
    [InlineData("chaos --kills 0", "--kills is '0', but it must be a whole number from 1 to 100000")]
    [InlineData("chaos --targets kafka,moon", "--targets names 'moon', but each must be one of calculator, totals, postgres, kafka")]
    [InlineData("load moon", "SCENARIO is 'moon', but it must be one of smoke, load, stress, spike, soak, breakpoint")]
    [InlineData("load smoke --rate 0", "--rate is '0', but it must be a whole number from 1 to 1000000")]
    [InlineData("load --duration 1s", "--duration is '1s', but it must be a whole number from 1 to 86400")]
    [InlineData("load --users 20001", "--users is '20001', but it must be a whole number from 1 to 20000")]
    [InlineData("quarantine", "Say what to do. Commands: list, show, replay, discard. See ./tally quarantine --help")]
    [InlineData("quarantine burn", "'burn' is not a command. Commands: list, show, replay, discard.")]
    [InlineData("quarantine show", "ID is missing. See ./tally quarantine show --help")]
    [InlineData("quarantine show one", "ID is 'one', but it must be a whole number from 1 to")]
    [InlineData("quarantine discard 1", "--why")]
    [InlineData("quarantine list --limit 0", "--limit is '0'")]
    [InlineData("fork", "Say what to do. Commands: adopt.")]
    [InlineData("fork adopt", "--shard")]
    [InlineData("fork adopt --shard -1", "--shard is '-1', but it must be a whole number from 0")]
    [InlineData("verify --timeout 0", "--timeout is '0'")]
    [InlineData("logs", "NAME is missing")]
    [InlineData("logs kafka --json", "--json is not an option of 'logs'")]
    [InlineData("status --data", "--data needs a value")]
    [InlineData("bogus", "'bogus' is not a command. Commands: demo, chaos, load, up, add,")]
    [InlineData("bogus --json", "'bogus' is not a command. Commands: demo, chaos, load, up, add,")]
    [InlineData("--bogus", "--bogus is not an option of 'tally'")]
    [InlineData("", "Say what to do. Commands: demo, chaos, load, up, add,")]
    public void A_wrong_command_line_is_answered_with_what_is_wrong(string line, string expected)
    {
        var problem = UsageProblem.Of(Parse(line));

        Assert.NotNull(problem);
        Assert.StartsWith(expected, problem, StringComparison.Ordinal);
        Assert.Contains("--help", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--data", "status")]
    [InlineData("--key", "add", "1", "2")]
    [InlineData("--postgres", "up")]
    [InlineData("--kafka", "demo")]
    public void A_value_that_is_empty_is_refused(string option, params string[] command) =>
        Assert.StartsWith($"{option} is empty", UsageProblem.Of(TallyCommandLine.Parse([.. command, option, ""])), StringComparison.Ordinal);

    [Theory]
    [InlineData("demo")]
    [InlineData("demo --calls 10 --callers 2 --seed -9 --json --data x --history table")]
    [InlineData("up --detach --data x --kafka broker:9093 --kafka-settings a=b;c=d --totals-port 0")]
    [InlineData("up --calculators 2 --totals 8")]
    [InlineData("demo --calculators 3 --totals 2")]
    [InlineData("chaos --kills 60 --seed 1 --minutes 10 --targets calculator,totals --rate 100 --json")]
    [InlineData("quarantine list --json")]
    [InlineData("quarantine show 7 --data x")]
    [InlineData("quarantine discard 7 --why nonsense")]
    [InlineData("fork adopt --shard 0 --json")]
    [InlineData("quarantine --help")]
    [InlineData("--data x status")]
    [InlineData("total --watch")]
    [InlineData("logs kafka -f")]
    [InlineData("test")]
    [InlineData("test Name~Amount")]
    [InlineData("add --help")]
    [InlineData("--help")]
    [InlineData("--version")]
    public void A_right_command_line_has_no_problem(string line) => Assert.Null(UsageProblem.Of(Parse(line)));

    [Fact]
    public void Options_of_up_are_handed_on_to_the_process_in_the_background()
    {
        string[] given = ["--calculators", "2", "--totals", "3", "--postgres", "Host=a b;Password=x", "--history", "table", "--unsafe", "--grafana", "docker", "--totals-port", "0", "--grafana-port", "0"];

        var line = TallyCommandLine.Parse(["up", "--detach", .. given]);

        Assert.Equal(given, SystemOptions.ToArguments(line));
    }

    [Fact]
    public void Every_command_has_a_description_and_an_example_that_it_understands()
    {
        var commands = Parse("").RootCommandResult.Command.Subcommands.Cast<TallyCommand>().ToArray();

        Assert.Equal(16, commands.Length);
        Assert.All(commands.Concat(commands.SelectMany(command => command.Subcommands).Cast<TallyCommand>()), command =>
        {
            Assert.NotEmpty(command.Description!);
            var group = command.Parents.OfType<TallyCommand>().FirstOrDefault();
            Assert.StartsWith($"./tally {(group is null ? "" : $"{group.Name} ")}{command.Name}", command.Example, StringComparison.Ordinal);
            Assert.Null(UsageProblem.Of(Parse(command.Example["./tally ".Length..])));
            Assert.All(command.Options.Where(option => !option.Hidden), option => Assert.NotEmpty(option.Description!));
        });
    }

    private static ParseResult Parse(string line) => TallyCommandLine.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static void AssertAdds(string a, string b, params string[] arguments)
    {
        var line = TallyCommandLine.Parse(arguments);

        Assert.Null(UsageProblem.Of(line));
        Assert.Equal("add", line.CommandResult.Command.Name);
        Assert.Equal((a, b), (line.GetValue<string>("A"), line.GetValue<string>("B")));
    }
}
