using System.Collections.Concurrent;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;
using Tally.Faults;

namespace Tally.AppHost.Components;

/// <summary>Keeps one component running: starts it, waits until it answers, and starts it again when it dies.</summary>
/// <param name="component">The component.</param>
/// <param name="changed">Told of each change of its state.</param>
/// <param name="reporter">Told of deaths.</param>
/// <param name="time">The clock of the pauses.</param>
internal sealed class Supervised(Component component, Action<Component, ComponentState> changed, IStartReporter reporter, TimeProvider time)
    : IDisposable
{
    private const int LinesInReport = 10;

    // Other threads may have logged a little behind a process's last words.
    private const int LinesWithLastWords = 100;

    private readonly ConcurrentQueue<string> _deaths = [];
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<SystemProblemException> _gaveUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly RestartPolicy _restarts = new(time);
    private Task _loop = Task.CompletedTask;
    private volatile ChildProcess? _process;
    private volatile bool _waitingForFirst = true;

    // Written by whoever plays fate, taken by the loop: the next death is wanted, and the start behind it carries these variables.
    private volatile bool _isDeathWanted;
    private IReadOnlyDictionary<string, string?>? _nextStart;
    private volatile ChildProcess? _reached;

    /// <summary>The component.</summary>
    public Component Component => component;

    /// <summary>Completes when the component can't be kept alive.</summary>
    public Task<SystemProblemException> GaveUp => _gaveUp.Task;

    /// <summary>The deaths that nobody wanted, a sentence each.</summary>
    public IReadOnlyCollection<string> Deaths => _deaths;

    /// <summary>Whether a process killed itself as it was told to, and didn't end in any other way.</summary>
    /// <param name="pid">The process.</param>
    public bool HasReached(int pid) => _reached?.Pid == pid;

    /// <summary>Kills the component on purpose: that death counts for nothing, and it is started again at once.</summary>
    public void KillOnPurpose()
    {
        _isDeathWanted = true;
        _process?.KillTree();
    }

    /// <summary>
    /// Stops the component cleanly and starts it again with variables that are to kill it: neither end counts as a death, unless it ends in another way than by
    /// killing itself at a labelled step.
    /// </summary>
    /// <param name="nextStart">Variables of the next start only.</param>
    /// <param name="atOnce">Cancelled when there is no more time for a clean stop.</param>
    public async Task RestartAsync(IReadOnlyDictionary<string, string?> nextStart, CancellationToken atOnce)
    {
        _nextStart = nextStart;
        _isDeathWanted = true;
        if (_process is { } process)
        {
            await process.StopAsync(component.StopSignal, component.StopPatience, time, atOnce);
        }
    }

    /// <summary>Stops the component in its tracks.</summary>
    public void Freeze() => _process?.Freeze();

    /// <summary>Lets it go on.</summary>
    public void Thaw() => _process?.Thaw();

    /// <summary>Starts the component, and returns when it answers.</summary>
    /// <param name="cancellationToken">Stops waiting, not the component.</param>
    /// <exception cref="SystemProblemException">It can't be started, or doesn't answer in time.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        reporter.Progress(component.Name, "starts");
        _loop = RunAsync(_stopping.Token);
        try
        {
            await _ready.Task.WaitAsync(component.StartPatience, time, cancellationToken);
        }
        catch (TimeoutException late)
        {
            var why = component.WhyNotReady;
            throw new SystemProblemException(
                component.Name,
                $"{component.Name} runs, but didn't answer within {component.StartPatience.TotalSeconds:0} s{(why.Length > 0 ? ": " + why : ".")}",
                late)
            {
                LogLines = new LogTail(component.LogFile, 0).LastLines(LinesInReport),
            };
        }
    }

    /// <summary>Stops the component, and returns when it has ended.</summary>
    /// <param name="atOnce">Cancelled when there is no more time.</param>
    public async Task StopAsync(CancellationToken atOnce)
    {
        var clean = _process is { Exited.IsCompleted: false };
        await _stopping.CancelAsync();
        try
        {
            await _loop.WaitAsync(component.StopPatience, time, atOnce);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            clean = false;
            _process?.Kill();
            await _loop;
        }

        component.Stopped(clean);
        if (!_gaveUp.Task.IsCompleted)
        {
            Change(ComponentPhase.Stopped, pid: null);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                var (status, log, isArmed) = await RunOnceAsync(stopping);
                if (stopping.IsCancellationRequested)
                {
                    return;
                }

                if (isArmed && IsOwnDeath(status, log))
                {
                    _reached = _process;
                    _isDeathWanted = true;
                }

                await AfterDeathAsync(status, log, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopped while it was planned, or during a pause.
        }
        catch (SystemProblemException problem)
        {
            GiveUp(problem);
        }
        catch (Exception problem) when (problem is not OperationCanceledException)
        {
            // Whatever it is, a system without this component is not whole, and whoever waits for it must learn why.
            GiveUp(new SystemProblemException(component.Name, $"{component.Name} can't be started: {problem.Message}", problem));
        }
    }

    private static bool IsOwnDeath(ExitStatus status, LogTail log) => status.Signal == Libc.SigKill
        && log.LastLines(LinesWithLastWords).Any(static line => line.Contains(FaultPoint.LastWords, StringComparison.Ordinal));

    private async Task<(ExitStatus Status, LogTail Log, bool IsArmed)> RunOnceAsync(CancellationToken stopping)
    {
        var plan = await component.PlanAsync(stopping);
        var variables = Interlocked.Exchange(ref _nextStart, null);
        if (variables is not null)
        {
            plan = plan with { Environment = variables.Concat(plan.Environment).DistinctBy(one => one.Key).ToDictionary(StringComparer.Ordinal) };

            // What was wanted was the end before this start.
            _isDeathWanted = false;
        }

        var log = LogTail.FromNow(plan.LogFile);
        var process = ProcessLauncher.Start(plan);
        _process = process;
        Change(_waitingForFirst ? ComponentPhase.Starting : ComponentPhase.Restarting, process.Pid);

        using var asked = stopping.Register(() => process.Signal(component.StopSignal));
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var ready = WatchReadinessAsync(new ComponentStart(process, log), ended.Token);
        if (await Task.WhenAny(ready, process.Exited) == ready && ready.IsFaulted)
        {
            // Nobody asks any more whether it answers, so it must not go on as if somebody did.
            process.Kill();
        }

        var status = await process.Exited;
        RuntimeLeftovers.Remove(process.Pid);
        await ended.CancelAsync();
        await ready;
        return (status, log, variables is not null);
    }

    private async Task WatchReadinessAsync(ComponentStart start, CancellationToken ended)
    {
        var again = !_waitingForFirst;
        try
        {
            var waiting = component.WaitUntilReadyAsync(start, ended);
            if (again && await Task.WhenAny(waiting, Task.Delay(component.StartPatience, time, ended)) != waiting && !ended.IsCancellationRequested)
            {
                // Said, and not killed: what it waits for may be another component, and then another start would help nobody.
                var why = component.WhyNotReady;
                reporter.Trouble(
                    component.Name,
                    $"{component.Name} was started again, but doesn't answer since {component.StartPatience.TotalSeconds:0.#} s{(why.Length > 0 ? ": " + why : ".")}",
                    start.Log.LastLines(LinesInReport));
            }

            await waiting;
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            return;
        }

        _waitingForFirst = false;
        Change(ComponentPhase.Ready, start.Process.Pid);
        if (again)
        {
            reporter.Notice($"{component.Name} answers again.");
        }

        _ready.TrySetResult();
    }

    private async Task AfterDeathAsync(ExitStatus status, LogTail log, CancellationToken stopping)
    {
        if (_isDeathWanted)
        {
            _isDeathWanted = false;
            Change(ComponentPhase.Restarting, pid: null);
            return;
        }

        _deaths.Enqueue($"{component.Name} died ({status})");
        var lines = log.LastLines(LinesInReport);
        var pause = component.MayTryAgain(status) ? _restarts.Died() : null;
        if (pause is null)
        {
            throw component.MayTryAgain(status)
                ? new SystemProblemException(
                    component.Name,
                    $"{component.Name} died {RestartPolicy.TooMany} times within a minute, at last with {status}. See {component.LogFile}.")
                {
                    LogLines = lines,
                }
                : new SystemProblemException(component.Name, component.WhyNotAgain(status, lines)) { LogLines = lines, ExitCode = status.Code };
        }

        Change(ComponentPhase.Restarting, pid: null);
        reporter.Trouble(component.Name, $"{component.Name} died ({status}); it is started again in {pause.Value.TotalSeconds:0.0} s.", lines);
        await Task.Delay(pause.Value, time, stopping);
    }

    private void GiveUp(SystemProblemException problem)
    {
        Change(ComponentPhase.Failed, pid: null);
        _ready.TrySetException(problem);
        _gaveUp.TrySetResult(problem);
    }

    private void Change(ComponentPhase phase, int? pid) => changed(component, component.Description with { State = phase, Pid = pid });
}
