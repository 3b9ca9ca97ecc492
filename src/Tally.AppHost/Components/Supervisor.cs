using Tally.AppHost.Hosting;

namespace Tally.AppHost.Components;

/// <summary>All components that are kept running.</summary>
/// <param name="state">What is known of them.</param>
/// <param name="reporter">Told what happens to them.</param>
/// <param name="time">The clock.</param>
internal sealed class Supervisor(StateFile state, IStartReporter reporter, TimeProvider time) : IDisposable
{
    private readonly TaskCompletionSource<SystemProblemException> _gaveUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _changing = new();
    private readonly Dictionary<string, Supervised> _running = new(StringComparer.Ordinal);

    /// <summary>Completes when one of them can't be kept alive.</summary>
    public Task<SystemProblemException> GaveUp => _gaveUp.Task;

    /// <summary>The deaths that nobody wanted, of those that are kept running now, a sentence each.</summary>
    public IReadOnlyList<string> Deaths
    {
        get
        {
            lock (_changing)
            {
                return [.. _running.Values.SelectMany(static supervised => supervised.Deaths)];
            }
        }
    }

    /// <summary>Starts a component, and returns when it answers.</summary>
    /// <param name="component">The component.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task StartAsync(Component component, CancellationToken cancellationToken)
    {
        var supervised = new Supervised(component, Changed, reporter, time);
        lock (_changing)
        {
            _running[component.Name] = supervised;
        }

        await supervised.StartAsync(cancellationToken);
        _ = supervised.GaveUp.ContinueWith(
            given => _gaveUp.TrySetResult(given.Result), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        if (component.Listed)
        {
            reporter.Ready(component.Name, state.Current.Components[component.Name]);
        }
    }

    /// <summary>Stops components side by side; those that don't run are left out.</summary>
    /// <param name="names">Their names.</param>
    /// <param name="atOnce">Cancelled when there is no more time.</param>
    public Task StopAsync(IEnumerable<string> names, CancellationToken atOnce) =>
        Task.WhenAll(names.Select(Find).OfType<Supervised>().Select(supervised => supervised.StopAsync(atOnce)));

    /// <summary>Starts a component again that was stopped.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task StartAgainAsync(string name, CancellationToken cancellationToken) =>
        StartAsync(Get(name).Component, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_changing)
        {
            foreach (var supervised in _running.Values)
            {
                supervised.Dispose();
                (supervised.Component as IDisposable)?.Dispose();
            }
        }
    }

    /// <summary>A component that is kept running.</summary>
    /// <param name="name">Its name.</param>
    public Supervised Get(string name) => Find(name) ?? throw new ArgumentException($"There is no component '{name}' here.", nameof(name));

    private Supervised? Find(string name)
    {
        lock (_changing)
        {
            return _running.GetValueOrDefault(name);
        }
    }

    private void Changed(Component component, ComponentState now)
    {
        if (component.Listed)
        {
            state.Change(component.Name, now);
        }
    }
}
