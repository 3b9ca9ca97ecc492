using Tally.Faults;

namespace Tally.AppHost.Hosting;

/// <summary>What is done to a system to see whether it survives.</summary>
public sealed partial class LocalSystem
{
    /// <summary>Kills a component and its children with SIGKILL. It is started again at once, and the death isn't counted.</summary>
    /// <param name="component">Its name.</param>
    internal void Kill(string component) => _supervisor.Get(component).KillOnPurpose();

    /// <summary>Stops a component cleanly and starts it again with the order to kill itself. Neither end is counted as a death.</summary>
    /// <param name="component">Its name.</param>
    /// <param name="faultPoint">Where, as <see cref="FaultPlan"/> reads it.</param>
    /// <param name="cancellationToken">Leaves no time for a clean stop.</param>
    internal Task RestartAsync(string component, string faultPoint, CancellationToken cancellationToken) => _supervisor.Get(component).RestartAsync(
        new Dictionary<string, string?>(StringComparer.Ordinal) { [FaultPoint.Variable] = faultPoint }, cancellationToken);

    /// <summary>Whether a process that was given the order to kill itself did so, and didn't end in any other way.</summary>
    /// <param name="component">Its component's name.</param>
    /// <param name="pid">The process.</param>
    internal bool HasReached(string component, int pid) => _supervisor.Get(component).HasReached(pid);

    /// <summary>The deaths so far that nobody wanted, a sentence each.</summary>
    internal IReadOnlyList<string> Deaths => _supervisor.Deaths;

    /// <summary>Stops a component and its children in their tracks with SIGSTOP.</summary>
    /// <param name="component">Its name.</param>
    internal void Freeze(string component) => _supervisor.Get(component).Freeze();

    /// <summary>Takes <see cref="Freeze"/> back.</summary>
    /// <param name="component">Its name.</param>
    internal void Thaw(string component) => _supervisor.Get(component).Thaw();

    /// <summary>Waits until a component is as wanted.</summary>
    /// <param name="component">Its name.</param>
    /// <param name="isWanted">Looks at each state; quick.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    internal async Task<ComponentState> WaitForAsync(string component, Func<ComponentState, bool> isWanted, CancellationToken cancellationToken) =>
        (await _state.WaitForAsync(state => isWanted(state.Components[component]), cancellationToken)).Components[component];
}
