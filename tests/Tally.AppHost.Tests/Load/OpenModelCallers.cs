using Tally.AppHost.Commands.Demo;
using Tally.AppHost.Commands.Load;
using Tally.AppHost.Proof;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Load;

/// <summary>Callers in this process, by an open model, and what they know in the end.</summary>
/// <param name="calculators">Whom they call.</param>
/// <param name="habits">How.</param>
internal sealed class OpenModelCallers(IReadOnlyList<string> calculators, CallerHabits habits)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly RandomSums _sums = new(1);
    private long _calls;

    /// <summary>What was answered, and what not. Refused calls surely weren't stored, so they don't count.</summary>
    public Books Books { get; private set; }

    /// <summary>Of each caller to whom a call failed, what was said to the first.</summary>
    public List<string> Failures { get; } = [];

    /// <param name="users">How many calls are under way at most.</param>
    /// <param name="perConnection">How many users share a connection.</param>
    /// <param name="stages">What is asked for.</param>
    /// <returns>What became of each stage.</returns>
    public async Task<IReadOnlyList<LoadStep>> RunAsync(int users, int perConnection, params LoadStage[] stages)
    {
        var schedule = new LoadSchedule(stages);
        var work = new LoadWork(schedule, _sums, _calls, TimeProvider.System);
        using var channels = new CalculatorChannels(calculators, users, perConnection);
        var callers = Enumerable.Range(0, users).Select(at => new Caller(channels.ClientsOf(at), work, habits, TimeProvider.System)).ToArray();
        await Task.WhenAll(callers.Select(caller => Task.Run(() => caller.RunAsync(CancellationToken.None)))).Within(schedule.Length + Patience);
        _calls += schedule.Calls;
        Books = callers.Aggregate(Books, (sum, caller) => sum + (caller.Books.Books with { Refused = 0 }));
        Failures.AddRange(callers.Select(caller => caller.Books.FirstFailure).OfType<string>());
        return work.Steps;
    }
}
