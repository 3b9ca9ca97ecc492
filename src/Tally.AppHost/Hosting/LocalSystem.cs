using System.Runtime.CompilerServices;
using Tally.AppHost.Components;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Hosting;

/// <summary>The local system: its components, started in order, watched, and stopped in order.</summary>
public sealed partial class LocalSystem : IAsyncDisposable
{
    // The sender first, so that what it sent can still arrive; what others need last.
    private static readonly string[][] StopOrder =
    [
        [.. ServiceNames.First(ServiceNames.Calculator, ServiceNames.MostInstances)],
        [.. ServiceNames.First(ServiceNames.Totals, ServiceNames.MostInstances), "grafana", "prometheus"],
        ["kafka", "postgres"],
        ["zookeeper"],
    ];

    private readonly SystemSettings _settings;
    private readonly SystemFolder _folder;
    private readonly FileLock _lock;
    private readonly StateFile _state;
    private readonly Supervisor _supervisor;
    private SystemDiagram? _diagram;
    private Task? _stopped;

    private LocalSystem(SystemSettings settings, SystemFolder folder, FileLock held, StateFile state, Supervisor supervisor)
    {
        _settings = settings;
        _folder = folder;
        _lock = held;
        _state = state;
        _supervisor = supervisor;
    }

    /// <summary>What runs where, as <c>system.json</c> says.</summary>
    public SystemState State => _state.Current;

    /// <summary>How to reach the databases and Kafka, as <c>connections.json</c> says.</summary>
    public Connections Connections { get; private set; } = new();

    /// <summary>Completes when a component died five times within a minute: the system is not whole, and should be stopped.</summary>
    public Task<SystemProblemException> GaveUp => _supervisor.GaveUp;

    /// <summary>Gets or builds what is missing, starts everything, and returns when all of it answers.</summary>
    /// <param name="settings">What it is made of.</param>
    /// <param name="reporter">Told what happens.</param>
    /// <param name="cancellationToken">Stops what was started so far, and throws.</param>
    /// <exception cref="SystemProblemException">Something is missing or couldn't be started.</exception>
    public static async Task<LocalSystem> StartAsync(SystemSettings settings, IStartReporter reporter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(reporter);
        ThrowIfNotAFew(settings.Calculators);
        ThrowIfNotAFew(settings.Totals);
        var folder = new SystemFolder(Path.GetFullPath(settings.DataFolder));
        folder.Prepare();
        var held = FileLock.TryTake(folder.LockFile) ?? throw folder.IsTaken(SystemFiles.TryReadState(folder.Path)?.Pid);
        if (settings.Temporary)
        {
            Watchdog.RemoveAtEnd(folder.Path);
        }

        folder.RotateLogs();
        var state = new StateFile(folder.StateFile, reporter);
        var supervisor = new Supervisor(state, reporter, TimeProvider.System);
        var system = new LocalSystem(settings, folder, held, state, supervisor);
        try
        {
            var context = new ComponentContext(folder, new ToolCache(ToolCache.UsualFolder, reporter), reporter);
            system._diagram = new SystemDiagram(settings, context, state, supervisor);
            system.Connections = await system._diagram.StartAsync(cancellationToken);
            state.Change(SystemPhase.Ready);
            return system;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            var sentence = new SystemProblemException(
                "data", $"The data folder '{folder.Path}' can't be used: {problem.Message} Make room there, or name another one with --data.", problem);
            await system.StopAsync(sentence.Message, CancellationToken.None);
            throw sentence;
        }
        catch (Exception problem)
        {
            await system.StopAsync((problem as SystemProblemException)?.Message, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Stops everything cleanly and in order. Safe to call again.</summary>
    /// <param name="atOnce">Cancelled when there is no more time: what still runs is killed.</param>
    public async Task StopAsync(CancellationToken atOnce = default) =>
        await StopAsync(GaveUp.IsCompleted ? (await GaveUp).Message : null, atOnce);

    /// <summary>Stops one component, as an operator or a fault would; the others go on.</summary>
    /// <param name="component">Its name.</param>
    /// <param name="kill">True kills it, false lets it stop cleanly.</param>
    public Task StopComponentAsync(string component, bool kill = false) => _supervisor.StopAsync([component], new CancellationToken(kill));

    /// <summary>Starts a component again that was stopped, and returns when it answers.</summary>
    /// <param name="component">Its name.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task StartComponentAsync(string component, CancellationToken cancellationToken) => _supervisor.StartAgainAsync(component, cancellationToken);

    /// <summary>Where the instances of a service listen.</summary>
    /// <param name="kind">Which service.</param>
    /// <param name="protocol"><c>grpc</c> or <c>http</c>.</param>
    internal IReadOnlyList<string> AddressesOf(string kind, string protocol) =>
        [.. State.Components.Where(component => ServiceNames.Is(component.Key, kind)).Select(component => component.Value.Endpoints[protocol])];

    /// <summary>Makes a further topic; one that is there stays.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="partitions">How many partitions.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task CreateTopicAsync(string topic, int partitions, CancellationToken cancellationToken) =>
        _diagram!.CreateTopicAsync(topic, partitions, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync();

    private static void ThrowIfNotAFew(int instances, [CallerArgumentExpression(nameof(instances))] string name = "")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(instances, 1, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(instances, ServiceNames.MostInstances, name);
    }

    private Task StopAsync(string? problem, CancellationToken atOnce)
    {
        lock (_folder)
        {
            return _stopped ??= StopOnceAsync(problem, atOnce);
        }
    }

    private async Task StopOnceAsync(string? problem, CancellationToken atOnce)
    {
        _state.Change(SystemPhase.Stopping, problem);
        foreach (var stage in StopOrder)
        {
            await _supervisor.StopAsync(stage, atOnce);
        }

        _supervisor.Dispose();
        _state.Change(problem is null ? SystemPhase.Stopped : SystemPhase.Failed, problem);
        if (_settings.Temporary)
        {
            await SystemControl.DeleteAsync(_folder.Path, CancellationToken.None);
            Watchdog.Keep(_folder.Path);
        }

        _lock.Dispose();
    }
}
