namespace Tally.AppHost.Hosting;

/// <summary>What <c>system.json</c> in the data folder holds: which process leads the system, and what runs where.</summary>
public sealed record SystemState
{
    /// <summary>The process that started everything and watches it.</summary>
    public required int Pid { get; init; }

    /// <summary>When that process started, in clock ticks since boot, so that a reused process id is not taken for it.</summary>
    public required long SupervisorStart { get; init; }

    /// <summary>How far the system is.</summary>
    public required SystemPhase State { get; init; }

    /// <summary>Why it failed, in a sentence; null unless it did.</summary>
    public string? Problem { get; init; }

    /// <summary>Components by name.</summary>
    public SortedDictionary<string, ComponentState> Components { get; init; } = new(StringComparer.Ordinal);
}

/// <summary>How far a system is.</summary>
public enum SystemPhase
{
    /// <summary>Components are being prepared and started.</summary>
    Starting,

    /// <summary>Everything answers.</summary>
    Ready,

    /// <summary>Components are being stopped.</summary>
    Stopping,

    /// <summary>Nothing runs.</summary>
    Stopped,

    /// <summary>It couldn't be started, or gave up; nothing runs.</summary>
    Failed,
}

/// <summary>One component of a system.</summary>
public sealed record ComponentState
{
    /// <summary>Its version, or null while it isn't known.</summary>
    public string? Version { get; init; }

    /// <summary>Where it comes from: a path, a package, or whose it is.</summary>
    public string? Source { get; init; }

    /// <summary>Its process, or null when it has none of its own.</summary>
    public int? Pid { get; init; }

    /// <summary>How it is.</summary>
    public ComponentPhase State { get; init; }

    /// <summary>Where it can be reached, by protocol: <c>grpc</c>, <c>http</c>, <c>tcp</c>, <c>bootstrap</c>.</summary>
    public SortedDictionary<string, string> Endpoints { get; init; } = new(StringComparer.Ordinal);
}

/// <summary>How a component is.</summary>
public enum ComponentPhase
{
    /// <summary>Prepared or started, and doesn't answer yet.</summary>
    Starting,

    /// <summary>It answers.</summary>
    Ready,

    /// <summary>It died, and is started again after a pause.</summary>
    Restarting,

    /// <summary>It was stopped.</summary>
    Stopped,

    /// <summary>It isn't on this machine, and the system works without it.</summary>
    Missing,

    /// <summary>It couldn't be started.</summary>
    Failed,

    /// <summary>It isn't ours: it was running before.</summary>
    External,

    /// <summary>A library: loaded by the services.</summary>
    Loaded,
}
