using Tally.AppHost.Commands.Output;

namespace Tally.AppHost.Commands;

/// <summary><c>status</c>: what runs where, looked at now.</summary>
internal static class StatusCommand
{
    public static TallyCommand Create() =>
        new TallyCommand("status", "Shows what runs where, which version, and from where.", "./tally status --json") { RunAsync = RunAsync }
            .Knows(CommonOptions.Json);

    private static async Task<int> RunAsync(CommandCall call)
    {
        var components = await ComponentProbe.AskAsync(call.ReadRunning(), CancellationToken.None);
        var ok = components.Values.All(ComponentProbe.IsWell);
        call.Output.Answer(new StatusAnswer(ok, components), Answers.Readable.StatusAnswer, text => text.Table(ComponentTable.Of(components)));
        return ok ? ExitCodes.Done : ExitCodes.Failed;
    }
}
