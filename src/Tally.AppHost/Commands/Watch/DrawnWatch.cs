using Spectre.Console;
using Spectre.Console.Rendering;
using Tally.AppHost.Commands.Output;

namespace Tally.AppHost.Commands.Watch;

/// <summary>One screen that is drawn over: for terminals.</summary>
internal static class DrawnWatch
{
    /// <summary>Draws what is shown until <paramref name="follow"/> ends.</summary>
    /// <param name="writer">The terminal.</param>
    /// <param name="follow">Given what to call with each state, and when there is none.</param>
    public static Task RunAsync(TextWriter writer, Func<Action<WatchedState>, Action, Task> follow)
    {
        var console = DrawnTable.ConsoleOn(writer);
        var rate = new WatchRate();
        return console.Live(new Text("connecting …")).AutoClear(false).StartAsync(live => follow(
            state => live.UpdateTarget(Draw(state, rate.Next(state.At, state.Count))),
            () => live.UpdateTarget(new Text(WatchWords.Lost))));
    }

    private static Rows Draw(WatchedState state, double? rate)
    {
        var (isGood, verdict) = WatchWords.Verdict(state);
        var flow = state.Source is { } source
            ? $"Calculator {WatchWords.Number(source.Accepted)} → outbox {WatchWords.Number(source.InOutbox)} → Kafka {WatchWords.Number(source.InKafka)} → counted {WatchWords.Number(source.Counted)}"
            : $"counted {WatchWords.Number(state.Count)}";
        List<IRenderable> rows =
        [
            new Panel(new Markup($"[bold]{Markup.Escape(state.Total)}[/]").Centered()).Header(" The total ").RoundedBorder().Expand(),
            new Markup($"[{(isGood ? "blue" : "darkorange")}]{(isGood ? "✓" : "⚠")} {Markup.Escape(verdict)}[/]"),
            new Text(WatchWords.Completeness(state)),
            new Text(WatchWords.Audit(state.Audit)),
            new Text(flow),
            new Text($"{WatchWords.Rate(rate)}; {WatchWords.Delay(state.Delay)}"),
        ];
        if (WatchWords.Quarantine(state) is { } quarantine)
        {
            rows.Add(new Markup($"[darkorange]⚠ {Markup.Escape(quarantine)}[/]"));
        }

        rows.Add(DrawnTable.Draw(WatchWords.Shards(state)));
        rows.Add(new Text($"{state.Instance}; Ctrl-C ends this"));
        return new Rows(rows);
    }
}
