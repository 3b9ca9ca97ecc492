using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands.Chaos;

/// <summary>Does to a running system what a plan says, and sees how long it takes to be well again.</summary>
/// <param name="system">The system.</param>
/// <param name="load">What callers do meanwhile.</param>
/// <param name="time">The clock.</param>
/// <param name="say">Told of each step when it is done.</param>
internal sealed class ChaosRun(LocalSystem system, ChaosLoad load, TimeProvider time, Action<ChaosOutcome> say)
{
    /// <summary>A segment goes once its shard took a thousand results, and Totals has confirmed them.</summary>
    private static readonly TimeSpan DropPatience = TimeSpan.FromSeconds(90);

    /// <summary>How long the system may take to be well again.</summary>
    private static readonly TimeSpan RecoveryPatience = TimeSpan.FromSeconds(120);

    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    private readonly long _began = time.GetTimestamp();

    /// <summary>How long a labelled step may take to be reached once the process is ready; then the process is killed wherever it is.</summary>
    public required TimeSpan FaultPatience { get; init; }

    /// <summary>Does it all, at most so long: what is left of the plan then is left out.</summary>
    public async Task<IReadOnlyList<ChaosOutcome>> RunAsync(IEnumerable<ChaosStep> plan, TimeSpan atMost, CancellationToken cancellationToken)
    {
        var done = new List<Task<ChaosOutcome>>();
        var recovering = new Dictionary<string, Task>(StringComparer.Ordinal);
        try
        {
            foreach (var step in plan.TakeWhile(_ => time.GetElapsedTime(_began) < atMost))
            {
                await (step.Overlaps ? recovering.GetValueOrDefault(step.Whom, Task.CompletedTask) : Task.WhenAll(recovering.Values));
                await Task.Delay(step.Pause, time, cancellationToken);
                var doing = DoAsync(step, cancellationToken);
                recovering[step.Whom] = doing;
                done.Add(doing);
            }
        }
        finally
        {
            // Also after a Ctrl-C: what is stopped must go on before it can end.
            await ((Task)Task.WhenAll(done)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return await Task.WhenAll(done);
    }

    private async Task<ChaosOutcome> DoAsync(ChaosStep step, CancellationToken cancellationToken)
    {
        var at = time.GetElapsedTime(_began);
        bool? reached = null;
        int? wounded = null;
        switch (step.Kind)
        {
            case ChaosKind.Freeze:
                await FreezeAsync(step, cancellationToken);
                break;
            case ChaosKind.FaultPoint:
                (reached, wounded) = await KillAtAsync(step, cancellationToken);
                break;
            default:
                wounded = system.State.Components[step.Whom].Pid;
                system.Kill(step.Whom);
                break;
        }

        var outcome = new ChaosOutcome(step, at, reached, await RecoverAsync(step.Whom, wounded, cancellationToken));
        say(outcome);
        return outcome;
    }

    private async Task FreezeAsync(ChaosStep step, CancellationToken cancellationToken)
    {
        system.Freeze(step.Whom);
        try
        {
            await Task.Delay(step.Frozen, time, cancellationToken);
        }
        finally
        {
            system.Thaw(step.Whom);
        }
    }

    /// <summary>Starts it with the order to kill itself, and waits until it has.</summary>
    /// <returns>Whether it reached the step, and the process that is dead now.</returns>
    private async Task<(bool Reached, int? Pid)> KillAtAsync(ChaosStep step, CancellationToken cancellationToken)
    {
        var before = system.State.Components[step.Whom].Pid;
        await system.RestartAsync(step.Whom, $"{step.FaultPoint}@{step.Times}", cancellationToken);
        var doomed = (await system.WaitForAsync(step.Whom, now => now.Pid is { } pid && pid != before, cancellationToken)).Pid;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(RecoveryPatience);
        var provoking = step.FaultPoint == "rewind" ? Provocation.RewindAsync(system, step.Whom, time, patience.Token) : Task.CompletedTask;
        try
        {
            // Some steps are reached before it is ready.
            if ((await system.WaitForAsync(step.Whom, now => now.Pid != doomed || now.State == ComponentPhase.Ready, patience.Token)).Pid == doomed)
            {
                patience.CancelAfter(step.FaultPoint == "segment.drop" ? DropPatience : FaultPatience);
                await system.WaitForAsync(step.Whom, now => now.Pid != doomed, patience.Token);
            }

            // It may have died of something else.
            return (doomed is { } pid && system.HasReached(step.Whom, pid), doomed);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A step that isn't reached under this load is a kill like any other.
            system.Kill(step.Whom);
            return (false, doomed);
        }
        finally
        {
            await patience.CancelAsync();
            await provoking;
        }
    }

    /// <returns>How long it took from now until all was well; null when it took too long.</returns>
    private async Task<TimeSpan?> RecoverAsync(string whom, int? dead, CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(RecoveryPatience);
        try
        {
            var answered = load.WaitForAnswerAsync(since, patience.Token);
            await system.WaitForAsync(whom, now => now.State == ComponentPhase.Ready && now.Pid != dead, patience.Token);
            await WaitUntilReadyAsync(whom, patience.Token);
            await answered;
            return time.GetElapsedTime(since);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>What was written down may be older than the fault, so it is asked.</summary>
    private async Task WaitUntilReadyAsync(string whom, CancellationToken cancellationToken)
    {
        using var http = ComponentProbe.NewClient();
        while ((await ComponentProbe.AskAsync(whom, system.State.Components[whom], http, cancellationToken)).State != "ready")
        {
            await Task.Delay(AskAgain, time, cancellationToken);
        }
    }
}
