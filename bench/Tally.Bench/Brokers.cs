using Tally.AppHost.Hosting;
using Tally.Bench.Load;
using Tally.Bench.Servers;

namespace Tally.Bench;

/// <summary>
/// What copies on other brokers cost: the whole way on three of them, where an event counts once all that keep up have it, two at least, and on one. On one machine
/// all three share its cores.
/// </summary>
internal static class Brokers
{
    public static async Task<int> RunAsync(BenchOptions options)
    {
        var generator = new Generator();
        await using var one = await KafkaCluster.StartAsync(1);
        await using var three = await KafkaCluster.StartAsync(3);
        await using var onOne = await StartAsync(one);
        await using var onThree = await StartAsync(three);
        Way[] ways = [Through(onOne, one, "brokers_1"), Through(onThree, three, "brokers_3")];
        return (await new WholeWays(options, generator, ways).MeasureAsync("brokers", $"{one.Version} (KAFKA_HOME)")).Tell(options);

        Way Through(LocalSystem system, KafkaCluster kafka, string name) => Way.Through(system, name, generator, kafka.Pids.Select(pid => ("kafka", pid)));
    }

    private static Task<LocalSystem> StartAsync(KafkaCluster kafka) =>
        WholeWays.StartAsync(settings => settings with { KafkaServers = kafka.Servers, KafkaSettings = new Dictionary<string, string>(StringComparer.Ordinal) });
}
