using HdrHistogram;
using Tally.AppHost.Commands.Demo;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Proof;

namespace Tally.AppHost.Commands.Load;

/// <summary>The generator that needs nothing: the project's own gRPC client on several connections, by an open model, into HDR histograms.</summary>
/// <param name="seed">Where its numbers come from.</param>
/// <param name="output">Where progress goes.</param>
/// <param name="time">The clock.</param>
internal sealed class BuiltInGenerator(long seed, CommandOutput output, TimeProvider time) : ILoadGenerator
{
    /// <summary>A step that answers less of what is due than this is the one at which the system gives.</summary>
    private const double GivesBelow = 0.95;

    /// <summary>So does one whose p99 is longer.</summary>
    private static readonly TimeSpan GivesAbove = TimeSpan.FromSeconds(1);

    private readonly CallerHabits _habits = CallerHabits.New() with { SendsRefusedAgain = false };
    private readonly LongHistogram _latencies = new(1, LoadWork.LongestMicroseconds, LoadWork.Digits);
    private readonly List<LoadStep> _steps = [];
    private Books _books;
    private string? _firstFailure;
    private bool _broke;

    public string Name => "built-in";

    public long? Seed => seed;

    public async Task<LoadOutcome> RunAsync(LoadTarget target, LoadPlan plan, CancellationToken cancellationToken)
    {
        using var status = new StatusLine(output.Terminal, time);
        using var channels = new CalculatorChannels(target.Calculators, plan.Users, callersPerChannel: 100);
        var sums = new RandomSums(seed);
        var calls = 0L;
        var rate = plan.Rate;
        do
        {
            // A step that gave is made once more: a pause of the machine is no limit.
            rate = _steps is [.., var last] && !GaveAt(last) ? LoadScenario.NextRate(rate) : rate;
            var schedule = plan.Scenario.Plan(rate, plan.Length);
            await RunAsync(new LoadWork(schedule, sums, calls, time) { EndsWhenItBreaks = plan.Scenario.EndsWhenItBreaks }, plan.Users, channels, status, cancellationToken);
            calls += schedule.Calls;
        }
        while (plan.Scenario.HasSteps && !HasGiven());

        return new LoadOutcome(_books, LoadStep.OfAll(_steps, LoadLatency.Of(_latencies)), _steps)
        {
            FirstFailure = _firstFailure,
            Limit = _broke || (plan.Scenario.HasSteps && HasGiven()) ? $"the machine, which this generator and the system share, or the {plan.Users:N0} users (--users)" : null,
        };
    }

    private async Task RunAsync(LoadWork work, int users, CalculatorChannels channels, StatusLine status, CancellationToken cancellationToken)
    {
        var callers = Enumerable.Range(0, users).Select(at => new Caller(channels.ClientsOf(at), work, _habits, time)).ToArray();
        await CallersAtWork.RunAsync(callers, ended => ShowProgressAsync(work, status, ended), cancellationToken);
        _books = callers.Aggregate(_books, (sum, caller) => sum + (caller.Books.Books with { Refused = 0 }));
        _firstFailure ??= callers.Select(caller => caller.Books.FirstFailure).FirstOrDefault(failure => failure is not null);
        _broke |= work.Broke;
        _steps.AddRange(work.Steps);
        work.AddTo(_latencies);
    }

    /// <summary>Whether it gave at the same step twice.</summary>
    private bool HasGiven() => _steps.Count > 1 && GaveAt(_steps[^1]) && GaveAt(_steps[^2]);

    private static bool GaveAt(LoadStep step) => step.Answered < GivesBelow * step.Due || step.Latency.P99 > GivesAbove;

    private async Task ShowProgressAsync(LoadWork work, StatusLine status, CancellationToken ended)
    {
        for (var (before, at) = (0L, time.GetTimestamp()); !ended.IsCancellationRequested;)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), time, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var answered = work.Answered;
            status.Show($"{work.Now.To:N0}/s asked for, {(answered - before) / time.GetElapsedTime(at).TotalSeconds:N0}/s answered");
            (before, at) = (answered, time.GetTimestamp());
        }
    }
}
