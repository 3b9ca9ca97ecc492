using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary><c>down</c>: stops a system, and waits until it has stopped.</summary>
internal static class DownCommand
{
    public static TallyCommand Create() =>
        new TallyCommand("down", "Stops the system and waits until it has stopped. Its data stays.", "./tally down") { RunAsync = RunAsync }
            .Knows(CommonOptions.Json);

    private static async Task<int> RunAsync(CommandCall call)
    {
        var state = SystemFiles.TryReadState(call.DataFolder)
            ?? throw CommandException.NotRunning($"There is no system at {call.DataFolder}: run {SystemFiles.Command("up", call.DataFolder)}");
        var ran = await SystemControl.StopAsync(call.DataFolder, CancellationToken.None);
        var answer = new DoneAnswer(Ok: true, $"The system at {call.DataFolder} {Outcome(ran, state)}.");
        call.Output.Answer(answer, Answers.Readable.DoneAnswer, text => text.Line(answer.Message));
        return ExitCodes.Done;
    }

    private static string Outcome(bool ran, SystemState before) =>
        ran ? "has stopped"
        : before.State is SystemPhase.Stopped or SystemPhase.Failed ? "was stopped already"
        : $"doesn't run any more: its process {before.Pid} died without stopping it";
}
