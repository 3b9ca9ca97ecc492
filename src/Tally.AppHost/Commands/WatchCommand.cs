using Tally.AppHost.Commands.Watch;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary><c>watch</c>: what the live page shows, in the terminal, until Ctrl-C. Where one Totals goes away the next one is watched.</summary>
internal static class WatchCommand
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    public static TallyCommand Create() =>
        new TallyCommand("watch", "Shows the total, what is on its way and what is wrong, as it changes.", "./tally watch") { RunAsync = RunAsync };

    private static async Task<int> RunAsync(CommandCall call)
    {
        using var signals = new StopSignals();
        if (call.Output.Terminal.IsOutTerminal)
        {
            await DrawnWatch.RunAsync(call.Output.Terminal.Out, (show, lost) => FollowAsync(call, show, lost, signals.Asked));
        }
        else
        {
            var lines = new PlainWatch(call.Output.Terminal.Out, call.Time);
            await FollowAsync(call, lines.Show, lines.Lost, signals.Asked);
        }

        return ExitCodes.Done;
    }

    /// <exception cref="CommandException">No system runs any more.</exception>
    private static async Task FollowAsync(CommandCall call, Action<WatchedState> show, Action lost, CancellationToken stop)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var watched = false;
        try
        {
            while (true)
            {
                var address = await ServiceChoice.FindAsync(call, ServiceNames.Totals, ComponentNames.Http);
                try
                {
                    await foreach (var state in WatchedStates.ReadAsync(http, new Uri(address), stop))
                    {
                        watched = true;
                        show(state);
                    }
                }
                catch (Exception away) when (away is HttpRequestException or IOException)
                {
                    if (!watched)
                    {
                        throw CommandException.Unavailable($"Totals doesn't answer at {address}. See {SystemFiles.Command("status", call.DataFolder)}");
                    }
                }

                lost();
                await Task.Delay(RetryPause, call.Time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Ctrl-C is how it ends.
        }
    }
}
