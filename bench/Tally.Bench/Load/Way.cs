using Tally.AppHost.Hosting;

namespace Tally.Bench.Load;

/// <summary>One of several systems whose whole way is compared.</summary>
/// <param name="Name">What its figures are called.</param>
/// <param name="Load">What it is loaded with.</param>
/// <param name="Processes">Whose CPU is measured, by part.</param>
internal sealed record Way(string Name, WholeWayLoad Load, (string Part, int Pid)[] Processes)
{
    private static readonly string[] Parts = ["calculator", "totals", "postgres", "kafka"];

    /// <summary>The way through a system as it is, and through processes that it doesn't know of.</summary>
    public static Way Through(LocalSystem system, string name, Generator generator, params IEnumerable<(string Part, int Pid)> more) => new(
        name,
        WholeWayLoad.Over(system, generator),
        [
            .. system.State.Components
                .Select(component => (Part: component.Key.Split('-')[0], component.Value.Pid))
                .Where(process => process.Pid is not null && Parts.Contains(process.Part))
                .Select(process => (process.Part, process.Pid!.Value)),
            .. more,
        ]);
}
