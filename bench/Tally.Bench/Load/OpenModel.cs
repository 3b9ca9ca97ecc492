using System.Collections.Concurrent;
using System.Diagnostics;
using Grpc.Net.Client;
using Tally.Contracts.V1;

namespace Tally.Bench.Load;

/// <summary>
/// Adds at a fixed rate, whatever the answers do. Most are sent by the generator; a few are probes, sent from here and measured from the moment
/// when they were due, so that a slow answer can't hide the ones behind it, and a client that is busy with load can't look like a slow service.
/// </summary>
internal sealed class OpenModel(Generator generator, Uri calculator, Uri totals)
{
    // Few enough to cost the machine little: each is a call and a question for the total, by a client that isn't as light as the generator.
    private const int MostProbes = 100;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    /// <summary>Milliseconds from due to answered, and from due to counted in the total, in ascending order.</summary>
    public async Task<(double[] Add, double[] ToTotal)> RunAsync(int rate, TimeSpan duration)
    {
        var probes = Math.Min(MostProbes, rate / 2);
        var load = generator.SendAtRateAsync(calculator, rate - probes, WarmUp + duration);
        await ProbeAsync(probes, WarmUp);
        var measured = await ProbeAsync(probes, duration);
        await load;
        return measured;
    }

    private async Task<(double[] Add, double[] ToTotal)> ProbeAsync(int rate, TimeSpan duration)
    {
        using var calculatorChannel = GrpcChannel.ForAddress(calculator);
        using var totalsChannel = GrpcChannel.ForAddress(totals);
        var adds = new Contracts.V1.Calculator.CalculatorClient(calculatorChannel);
        var sums = new Contracts.V1.Totals.TotalsClient(totalsChannel);
        var (addTimes, totalTimes) = (new ConcurrentBag<double>(), new ConcurrentBag<double>());
        await Pace.RunAsync(rate, duration, async due =>
        {
            var reply = await adds.AddAsync(Generator.Request);
            addTimes.Add(Stopwatch.GetElapsedTime(due).TotalMilliseconds);
            await sums.GetTotalAsync(new GetTotalRequest { AtLeast = { reply.Position } });
            totalTimes.Add(Stopwatch.GetElapsedTime(due).TotalMilliseconds);
        });
        return ([.. addTimes.Order()], [.. totalTimes.Order()]);
    }
}
