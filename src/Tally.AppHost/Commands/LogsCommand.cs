using System.CommandLine;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary><c>logs NAME</c>: what a component wrote, also after it stopped.</summary>
internal static class LogsCommand
{
    private static readonly Argument<string> Name = new("NAME") { Description = "The component, as './tally status' names it." };
    private static readonly Option<bool> Follow = CommonOptions.Flag("--follow", "Go on with what is written from now on, until Ctrl-C.", "-f");

    public static TallyCommand Create() =>
        new TallyCommand("logs", "Prints the log of a component.", "./tally logs calculator-1 -f") { RunAsync = RunAsync }
            .Takes(Name)
            .Knows(Follow);

    private static async Task<int> RunAsync(CommandCall call)
    {
        _ = SystemFiles.TryReadState(call.DataFolder)
            ?? throw CommandException.NotRunning($"There is no system at {call.DataFolder}: run {SystemFiles.Command("up", call.DataFolder)}");
        var name = call.Line.GetRequiredValue(Name);
        var known = SystemFiles.LogNames(call.DataFolder);
        if (!known.Contains(name))
        {
            throw CommandException.Usage($"NAME is '{name}', but it must be one of {string.Join(", ", known)}.");
        }

        var log = new LogCopy(SystemFiles.LogFile(call.DataFolder, name));
        var to = call.Output.Terminal.Out;
        using var signals = new StopSignals();
        await (call.Line.GetValue(Follow) ? log.FollowAsync(to, call.Time, signals.Asked) : log.CopyAsync(to, signals.Asked));
        return ExitCodes.Done;
    }
}
