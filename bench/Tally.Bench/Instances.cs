using System.Diagnostics;
using Tally.AppHost.Hosting;
using Tally.Bench.Figures;
using Tally.Bench.Load;

namespace Tally.Bench;

/// <summary>
/// What several Calculators and Totals that share the shards do to the whole way: systems with one, two and four of each. On one machine they share its cores, too,
/// so this shows what sharing costs, not what a second machine would bring.
/// </summary>
internal static class Instances
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    public static async Task<int> RunAsync(BenchOptions options)
    {
        var generator = new Generator();
        await using var one = await StartAsync(1);
        await using var two = await StartAsync(2);
        await using var four = await StartAsync(4);
        Way[] ways = [Through(one, 1), Through(two, 2), Through(four, 4)];
        return (await new WholeWays(options, generator, ways).MeasureAsync("instances", Machine.Describe(one.State.Components["kafka"]))).Tell(options);

        Way Through(LocalSystem system, int instances) => Way.Through(system, $"instances_{instances}", generator);
    }

    /// <summary>Each instance has its part of the shards before anything is measured.</summary>
    private static async Task<LocalSystem> StartAsync(int instances)
    {
        var system = await WholeWays.StartAsync(settings => settings with { Calculators = instances, Totals = instances });
        var began = Stopwatch.GetTimestamp();
        while (!await AreSharedAsync(new Uri(system.State.Components["calculator-1"].Endpoints["grpc"]), instances))
        {
            if (Stopwatch.GetElapsedTime(began) > Patience)
            {
                await system.DisposeAsync();
                throw new SystemProblemException("calculator", $"After {Patience}, {instances} Calculators don't share the shards evenly.");
            }

            await Task.Delay(Poll);
        }

        return system;
    }

    private static async Task<bool> AreSharedAsync(Uri calculator, int instances)
    {
        var shards = await Positions.OfAsync(calculator);
        var parts = shards.GroupBy(shard => shard.Owner, StringComparer.Ordinal).ToArray();
        return parts.Length == instances && parts.All(part => part.Key.Length > 0 && part.Count() == shards.Count / instances);
    }
}
