using System.CommandLine;
using System.CommandLine.Help;
using Grpc.Core;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary>The program: its commands, and what is the same for all of them.</summary>
internal static class TallyCommandLine
{
    // Arguments reach the commands as they were typed: "-3" is never "-3" cut into options, "@x" never a file.
    private static readonly ParserConfiguration AsTyped = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    private static readonly RootCommand Root = NewRoot();

    public static ParseResult Parse(IReadOnlyList<string> arguments) => Root.Parse(arguments, AsTyped);

    /// <summary>Runs what the arguments ask for.</summary>
    /// <returns>How the program ends: see <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Terminal terminal)
    {
        var line = Parse(arguments);
        var output = CommandOutput.For(terminal, json: arguments.TakeWhile(argument => argument != "--").Contains("--json"));
        try
        {
            if (UsageProblem.Of(line) is { } problem)
            {
                throw CommandException.Usage(problem);
            }

            return line is { Action: null, CommandResult.Command: TallyCommand command }
                ? await command.RunAsync(new CommandCall(line, output))
                : await line.InvokeAsync(new InvocationConfiguration { Output = terminal.Out, Error = terminal.Error }); // --help, --version
        }
#pragma warning disable CA1031 // The outermost place: whatever it is, it's said in the form that was asked for.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            var failure = Describe(exception);
            output.Failure(failure);
            return failure.ExitCode;
        }
    }

    private static RootCommand NewRoot()
    {
        var root = new RootCommand("Adds numbers, and never loses a sum: the whole system on this machine.")
        {
            DemoCommand.Create(),
            ChaosCommand.Create(),
            LoadCommand.Create(),
            UpCommand.Create(),
            AddCommand.Create(),
            TotalCommand.Create(),
            WatchCommand.Create(),
            VerifyCommand.Create(),
            QuarantineCommand.Create(),
            ForkCommand.Create(),
            StatusCommand.Create(),
            LogsCommand.Create(),
            DownCommand.Create(),
            ResetCommand.Create(),
            DoctorCommand.Create(),
            TestCommand.Create(),
            CommonOptions.Data,
        };
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExample((HelpAction)help.Action!);
        return root;
    }

    private static CommandException Describe(Exception exception) => exception switch
    {
        CommandException failure => failure,
        SystemProblemException problem => CommandException.Of(problem),
        RpcException failure => CommandException.Of(failure),
        OperationCanceledException => CommandException.Interrupted(),
        UnauthorizedAccessException or IOException => new CommandException("IO", exception.Message, ExitCodes.NotRunning, exception),
        _ => new CommandException("INTERNAL", $"This is a fault in Tally: {exception}", ExitCodes.Failed, exception),
    };
}
