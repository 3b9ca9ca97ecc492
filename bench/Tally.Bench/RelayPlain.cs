using Npgsql;
using Tally.AppHost.Hosting;
using Tally.Bench.Figures;
using Tally.Bench.Load;

namespace Tally.Bench;

/// <summary>
/// The price of the guarantees: how fast a backlog goes from the table through Kafka into the total, beside a producer and a consumer of events of the same size that
/// do nothing else, in alternating rounds on the same broker.
/// </summary>
internal sealed class RelayPlain(BenchOptions options, LocalSystem system, Generator generator)
{
    private const long Events = 2_000_000;
    private const string Topic = "plain";
    private const int Partitions = 8;

    private readonly RoundFigures _rounds = new();

    public static async Task<int> RunAsync(BenchOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("tally-bench-").FullName;
        var settings = SystemSettings.FromEnvironment(folder) with { Ports = WantedPorts.Free, Temporary = true };
        await using var system = await LocalSystem.StartAsync(settings, new ErrorReporter(), CancellationToken.None);
        return (await new RelayPlain(options, system, new Generator()).MeasureAsync()).Tell(options);
    }

    private async Task<BenchResult> MeasureAsync()
    {
        await system.CreateTopicAsync(Topic, Partitions, CancellationToken.None);
        var drain = new Drain(options, system, generator);
        var plain = new PlainKafka(system.Connections.Kafka, Topic, Partitions);
        for (var round = 1; round <= options.Rounds; round++)
        {
            _rounds.Add("relay", await drain.RoundAsync(Events), "results/s");
            _rounds.Add("plain", await plain.RunAsync(Events, await PayloadBytesAsync()), "events/s");
            await Console.Error.WriteLineAsync($"round {round} of {options.Rounds}: {_rounds.Last()}");
        }

        _rounds.AddAll("relay_ratio", _rounds["relay"].Zip(_rounds["plain"], (a, b) => a / b), "ratio");
        return new BenchResult(
            "relay-plain",
            Machine.Commit(),
            Machine.Describe(),
            generator.Name,
            Machine.Describe(system.State.Components["kafka"]),
            options.Rounds,
            Echo: null,
            DurableRatio: null,
            WholeWayRatio: null,
            _rounds.ToFigures());
    }

    /// <summary>How many bytes an event has in the table.</summary>
    private async Task<int> PayloadBytesAsync()
    {
        await using var database = NpgsqlDataSource.Create(system.Connections.Calculator.ConnectionString);
        await using var command = database.CreateCommand("SELECT length(payloads[1]) FROM outbox.outbox_batches ORDER BY first_sequence DESC LIMIT 1");
        return (int)(await command.ExecuteScalarAsync())!;
    }
}
