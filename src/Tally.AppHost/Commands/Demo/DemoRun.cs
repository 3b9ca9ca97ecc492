using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;
using Tally.AppHost.Proof;

namespace Tally.AppHost.Commands.Demo;

/// <summary>The story on a running system: callers add numbers, the total is waited for, and the proof is made.</summary>
internal sealed class DemoRun(DemoPlan plan, CommandOutput output, TimeProvider time)
{
    /// <param name="system">The system.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<ProofReport> RunAsync(LocalSystem system, CancellationToken cancellationToken)
    {
        using var status = new StatusLine(output.Terminal, time);
        var began = time.GetTimestamp();
        var callers = await CallAsync(system.AddressesOf(ServiceNames.Calculator, ComponentNames.Grpc), status, cancellationToken);
        var books = callers.Aggregate(default(Books), (sum, caller) => sum + caller.Books);
        status.Show("waiting for the total");
        var ended = time.GetTimestamp();
        await new TotalWait(system.AddressesOf(ServiceNames.Totals, ComponentNames.Grpc), time)
            .ForAsync(TotalWait.LastOf(callers), plan.Patience, cancellationToken);
        var seconds = time.GetElapsedTime(began).TotalSeconds;
        var patienceLeft = plan.Patience - time.GetElapsedTime(ended);

        await using var sources = new LiveSources(
            system.Connections.Calculator.ConnectionString, system.AddressesOf(ServiceNames.Totals, ComponentNames.Http));
        var evidence = await CollectAsync(sources, patienceLeft, books, status, cancellationToken);
        if (callers.Select(caller => caller.FirstFailure).FirstOrDefault(failure => failure is not null) is { } failure)
        {
            output.Note($"Not every call was answered OK; for example: {failure}");
        }

        return new ProofReport(evidence, books, Judge.ProblemsOf(evidence, books))
        {
            Seconds = seconds,
            Seed = plan.Seed,
            Components = await ComponentProbe.AskAsync(system.State, cancellationToken),
        };
    }

    private async Task<Evidence> CollectAsync(
        LiveSources sources, TimeSpan patience, Books books, StatusLine status, CancellationToken cancellationToken)
    {
        try
        {
            return await new ProofRun(sources, time).CollectAsync(patience, status.Show, cancellationToken);
        }
        catch (CommandException)
        {
            // There is no proof without all places; what the callers know is something.
            output.Note($"{books.Accepted.Count:N0} calls were answered OK; their sum is {books.Accepted.Sum}. {books.Unknown:N0} were never answered.");
            throw;
        }
    }

    private async Task<IReadOnlyList<CallerBooks>> CallAsync(IReadOnlyList<string> addresses, StatusLine status, CancellationToken cancellationToken)
    {
        var work = new DemoWork(new RandomSums(plan.Seed), plan.Calls);
        var habits = CallerHabits.New();
        using var channels = new CalculatorChannels(addresses, plan.Callers);
        var callers = Enumerable.Range(0, plan.Callers).Select(at => new Caller(channels.ClientsOf(at), work, habits, time)).ToArray();
        await CallersAtWork.RunAsync(callers, ended => ShowProgressAsync(work, status, ended), cancellationToken);
        return [.. callers.Select(caller => caller.Books)];
    }

    private async Task ShowProgressAsync(DemoWork work, StatusLine status, CancellationToken ended)
    {
        var began = time.GetTimestamp();
        while (!ended.IsCancellationRequested)
        {
            var done = work.DoneCalls;
            status.Show($"adding: {done:N0} of {work.Calls:N0} ({done / time.GetElapsedTime(began).TotalSeconds:N0}/s)");
            await Task.Delay(StatusLine.Interval, time, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
