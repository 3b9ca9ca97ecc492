using System.CommandLine;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary><c>up</c>: starts everything, and stays or leaves it running.</summary>
internal static class UpCommand
{
    private static readonly Option<bool> Detach = CommonOptions.Flag("--detach", "Return when everything is ready, and leave it running.");

    private static readonly Option<bool> Background = new("--background") { Hidden = true, Arity = ArgumentArity.Zero };

    public static TallyCommand Create() =>
        new TallyCommand("up", "Starts the system and stays until Ctrl-C. What was stored before is still there.", "./tally up --detach")
        {
            RunAsync = RunAsync,
        }
        .Knows(Detach, Background, CommonOptions.Json)
        .Knows(SystemOptions.Parts)
        .Knows(SystemOptions.Watchers)
        .Knows(SystemOptions.Ports);

    private static Task<int> RunAsync(CommandCall call) =>
        call.Line.GetValue(Detach) ? LeaveAsync(call)
        : call.Line.GetValue(Background) ? StayAsync(WithTimes(call))
        : StayAsync(call);

    /// <summary>In the background what it says goes to a log.</summary>
    private static CommandCall WithTimes(CommandCall call)
    {
        var terminal = call.Output.Terminal;
        return call with { Output = new TextOutput(terminal with { Error = TextWriter.Synchronized(new TimedWriter(terminal.Error, call.Time)) }) };
    }

    private static async Task<int> LeaveAsync(CommandCall call)
    {
        // Read here too: what is wrong is said before anything starts.
        _ = SystemOptions.Read(call.Line, call.DataFolder);
        using var signals = new StopSignals();
        await SayReadyAsync(call, await StartInBackgroundAsync(call, signals.Asked), $"{SystemFiles.Command("down", call.DataFolder)} stops it.");
        return ExitCodes.Done;
    }

    private static async Task<SystemState> StartInBackgroundAsync(CommandCall call, CancellationToken cancellationToken)
    {
        // What the process in the background says goes to its log; until it's ready it's shown here, too.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = LogCopy.FromNow(SystemFiles.LogFile(call.DataFolder, ComponentNames.AppHost))
            .FollowAsync(call.Output.Terminal.Error, call.Time, ended.Token);
        try
        {
            return await SystemControl.StartDetachedAsync(
                call.DataFolder,
                ["up", Background.Name, "--data", Path.GetFullPath(call.DataFolder), .. SystemOptions.ToArguments(call.Line)],
                new StartReporter(call.Output),
                cancellationToken);
        }
        catch (SystemProblemException problem)
        {
            throw CommandException.Of(problem, logIsShown: true);
        }
        finally
        {
            await ended.CancelAsync();
            await following;
        }
    }

    private static async Task<int> StayAsync(CommandCall call)
    {
        using var signals = new StopSignals();
        var settings = SystemOptions.Read(call.Line, call.DataFolder) with
        {
            Grafana = SystemOptions.ReadGrafana(call.Line),
            Ports = SystemOptions.ReadPorts(call.Line),
        };
        await using var system = await LocalSystem.StartAsync(settings, new StartReporter(call.Output), signals.Asked);
        if (!call.Line.GetValue(Background))
        {
            await SayReadyAsync(call, system.State, "Ctrl-C stops it.");
        }

        await Task.WhenAny(system.GaveUp, Task.Delay(Timeout.Infinite, signals.Asked));
        call.Output.Note("Stopping …");
        await system.StopAsync(signals.AtOnce);
        return system.GaveUp.IsCompleted ? throw CommandException.Of(await system.GaveUp) : ExitCodes.Done;
    }

    private static async Task SayReadyAsync(CommandCall call, SystemState state, string howToStop)
    {
        var components = await ComponentProbe.AskAsync(state, CancellationToken.None);
        call.Output.Answer(new StatusAnswer(Ok: true, components), Answers.Readable.StatusAnswer, text =>
        {
            text.Table(ComponentTable.Of(components));
            text.Line($"Tally is up; its data is in {call.DataFolder}. Try {SystemFiles.Command("add 40 2 --wait", call.DataFolder)}. {howToStop}");
        });
        await call.Output.Terminal.Out.FlushAsync();
    }
}
