using System.CommandLine;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary><c>reset</c>: throws a system's data away.</summary>
internal static class ResetCommand
{
    private static readonly Option<bool> Yes = CommonOptions.Flag("--yes", "Don't ask.");

    public static TallyCommand Create() =>
        new TallyCommand("reset", "Stops the system and throws all its data away: every stored sum. Asks first.", "./tally reset --yes")
        {
            RunAsync = RunAsync,
        }
        .Knows(Yes, CommonOptions.Json);

    private static async Task<int> RunAsync(CommandCall call)
    {
        _ = SystemFiles.TryReadState(call.DataFolder)
            ?? throw CommandException.NotRunning($"There is no system at {call.DataFolder}, so there is nothing to throw away. To start one, run {SystemFiles.Command("up", call.DataFolder)}");
        if (!call.Line.GetValue(Yes) && !Ask(call))
        {
            throw new CommandException("CANCELLED", "Nothing was thrown away.", ExitCodes.Failed);
        }

        await SystemControl.StopAsync(call.DataFolder, CancellationToken.None);
        await SystemControl.DeleteAsync(call.DataFolder, CancellationToken.None);
        var answer = new DoneAnswer(Ok: true, $"The system at {call.DataFolder} and all its data are gone.");
        call.Output.Answer(answer, Answers.Readable.DoneAnswer, text => text.Line(answer.Message));
        return ExitCodes.Done;
    }

    private static bool Ask(CommandCall call)
    {
        var terminal = call.Output.Terminal;
        terminal.Error.Write($"Stop the system at {call.DataFolder} if it runs, and throw it away with every sum it stored? [y/N] ");
        var answer = terminal.In().ReadLine()
            ?? throw CommandException.Usage("Nobody answers here, so nothing was thrown away: add --yes.");
        return answer.Trim() is "y" or "Y" or "yes";
    }
}
