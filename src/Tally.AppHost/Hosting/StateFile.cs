using Tally.AppHost.Components.Processes;

namespace Tally.AppHost.Hosting;

/// <summary>Keeps <c>system.json</c> in step with what happens.</summary>
internal sealed class StateFile
{
    private readonly string _path;
    private readonly IStartReporter _reporter;
    private readonly Lock _writing = new();
    private SystemState _state;
    private TaskCompletionSource _changed = New();

    public StateFile(string path, IStartReporter reporter)
    {
        _path = path;
        _reporter = reporter;
        _state = new SystemState
        {
            Pid = Environment.ProcessId,
            SupervisorStart = ProcessTable.StartTicks(Environment.ProcessId),
            State = SystemPhase.Starting,
        };
    }

    /// <summary>What the file holds.</summary>
    public SystemState Current
    {
        get
        {
            lock (_writing)
            {
                return _state;
            }
        }
    }

    /// <summary>Waits until the state is as wanted.</summary>
    /// <param name="isWanted">Looks at each state; quick.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<SystemState> WaitForAsync(Func<SystemState, bool> isWanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_writing)
            {
                if (isWanted(_state))
                {
                    return _state;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Changes how far the system is.</summary>
    /// <param name="phase">How far.</param>
    /// <param name="problem">Why it failed, if it did.</param>
    public void Change(SystemPhase phase, string? problem = null)
    {
        lock (_writing)
        {
            Write_NeedsLock(_state with { State = phase, Problem = problem });
        }
    }

    /// <summary>Changes how a component is.</summary>
    /// <param name="component">Its name.</param>
    /// <param name="state">How it is.</param>
    public void Change(string component, ComponentState state)
    {
        lock (_writing)
        {
            // A new map: those who hold the old state must not see it change under them.
            var components = new SortedDictionary<string, ComponentState>(_state.Components, StringComparer.Ordinal) { [component] = state };
            Write_NeedsLock(_state with { Components = components });
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Write_NeedsLock(SystemState state)
    {
        _state = state;
        _changed.SetResult();
        _changed = New();
        try
        {
            JsonFile.Write(_path, state, SystemJson.Default.SystemState);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // A full disk must keep nobody from stopping what runs.
            _reporter.Notice($"'{_path}' can't be written: {problem.Message}");
        }
    }
}
