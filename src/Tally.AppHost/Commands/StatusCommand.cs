using Tally.AppHost.Commands.Output;
using Tally.AppHost.Commands.Watch;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary><c>status</c>: what runs where, and whether anything is lost or waits, looked at now.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static TallyCommand Create() =>
        new TallyCommand("status", "Shows what runs where, which version, and from where; the total, what is on its way and what is wrong.", "./tally status --json") { RunAsync = RunAsync }
            .Knows(CommonOptions.Json);

    private static async Task<int> RunAsync(CommandCall call)
    {
        var components = await ComponentProbe.AskAsync(call.ReadRunning(), CancellationToken.None);
        var state = await TryReadAsync(components);
        var ok = components.Values.All(ComponentProbe.IsWell) && !(state is not null && WatchWords.IsWrong(state));
        call.Output.Answer(
            new StatusAnswer(ok, components) { Truth = state is null ? null : WatchWords.Truth(state) },
            Answers.Readable.StatusAnswer,
            text =>
            {
                text.Table(ComponentTable.Of(components));
                foreach (var line in state is null ? ["no Totals says what the total is"] : WatchWords.Lines(state))
                {
                    text.Line(line);
                }
            });
        return ok ? ExitCodes.Done : ExitCodes.Failed;
    }

    /// <summary>What the Totals that answer show on their pages, as one; null where none does.</summary>
    private static async Task<WatchedState?> TryReadAsync(IReadOnlyDictionary<string, ComponentAnswer> components)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var instances = components
            .Where(component => ServiceNames.Is(component.Key, ServiceNames.Totals) && component.Value.Endpoints.ContainsKey(ComponentNames.Http))
            .OrderBy(component => component.Value.State != "ready");
        var states = await Task.WhenAll(instances.Select(totals => TryReadAsync(http, new Uri(totals.Value.Endpoints[ComponentNames.Http]))));
        return WatchedState.Join([.. states.OfType<WatchedState>()]);
    }

    private static async Task<WatchedState?> TryReadAsync(HttpClient http, Uri totals)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await foreach (var state in WatchedStates.ReadAsync(http, totals, patience.Token))
            {
                return state;
            }
        }
        catch (Exception away) when (away is HttpRequestException or IOException or OperationCanceledException)
        {
            // The table says that it isn't ready; the others may be.
        }

        return null;
    }
}
