using Tally.Bench.Figures;
using Tally.Bench.Load;
using Tally.Bench.Servers;

namespace Tally.Bench;

/// <summary>
/// What Tally.Grpc costs: the same calls, in alternating rounds, to a bare Kestrel handler that reads and writes the same generated messages, and to the Calculator
/// that answers without storing.
/// </summary>
internal sealed class GrpcCost(BenchOptions options, Generator generator)
{
    private readonly RoundFigures _rounds = new();

    public static async Task<int> RunAsync(BenchOptions options) => (await new GrpcCost(options, new Generator()).MeasureAsync()).Tell(options);

    private async Task<BenchResult> MeasureAsync()
    {
        await using var bare = await ServerProcess.StartAsync(Environment.ProcessPath!, "serve", "bare");
        await using var echo = await ServerProcess.StartAsync(Environment.ProcessPath!, "serve", "echo");

        // Warm-up, which also chooses the number of calls.
        var calls = 0L;
        foreach (var server in new[] { bare, echo })
        {
            await generator.SendAsync(server.Address, 50_000);
            calls = Math.Max(calls, (long)(await generator.SendAsync(server.Address, 100_000) * options.Seconds));
        }

        for (var round = 0; round < options.Rounds; round++)
        {
            // Who is first in a round is last in the next: what changes on the machine in the course of time befalls both alike.
            (string Name, ServerProcess Server)[] both = round % 2 == 0 ? [("bare", bare), ("echo", echo)] : [("echo", echo), ("bare", bare)];
            foreach (var (name, server) in both)
            {
                await RoundAsync(name, server, calls);
            }

            await Console.Error.WriteLineAsync($"round {round + 1} of {options.Rounds}: {_rounds.Last()}");
        }

        _rounds.AddAll("echo_ratio", _rounds["echo"].Zip(_rounds["bare"], (a, b) => a / b), "ratio");
        _rounds.AddAll("echo_cpu_ratio", _rounds["echo_server_cpu"].Zip(_rounds["bare_server_cpu"], (a, b) => a / b), Figure.Cost);
        var figures = _rounds.ToFigures();
        return new BenchResult(
            "grpc",
            Machine.Commit(),
            Machine.Describe(),
            generator.Name,
            Kafka: "not used",
            options.Rounds,
            figures["echo"].Median,
            DurableRatio: null,
            WholeWayRatio: null,
            figures);
    }

    private async Task RoundAsync(string name, ServerProcess server, long calls)
    {
        var allocated = await server.AllocatedBytesAsync();
        var cpu = new CpuMeter(("server", server.Pid));
        _rounds.Add(name, await generator.SendAsync(server.Address, calls), "calls/s");
        cpu.AddTo(_rounds, name, calls);
        _rounds.Add($"{name}_allocated", (await server.AllocatedBytesAsync() - allocated) / calls, "bytes/call");
    }
}
