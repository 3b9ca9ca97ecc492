using System.Collections.Concurrent;
using Tally.Inbox.Chain;

namespace Tally.Inbox.Auditing;

/// <summary>One shard in the consuming thread's memory.</summary>
internal sealed record ChainView(int Shard, int Generation, long Epoch, long Sequence, long? CommonEpoch, bool IsStopped, DoubtfulEvent? Doubt)
{
    /// <summary>The latest of the events that were set aside, latest first; not all of many.</summary>
    public IReadOnlyList<AsidePlace> Aside { get; init; } = [];
}

/// <summary>Where an event lay that contradicts what is held, or that is doubted for its epoch alone.</summary>
/// <param name="Partition">Its partition.</param>
/// <param name="Offset">Its offset.</param>
/// <param name="NextEpoch">The epoch that it would begin, when it's the next one by its position; null when it contradicts what is held.</param>
internal sealed record DoubtfulEvent(int Partition, long Offset, long? NextEpoch);

/// <summary>What the consuming thread has and how far it is, at one moment.</summary>
/// <param name="NextOffsets">By assigned partition: the next offset to be read, or null when that isn't known yet.</param>
/// <param name="Chains">The shards in memory.</param>
internal sealed record LoopView(IReadOnlyDictionary<int, long?> NextOffsets, IReadOnlyList<ChainView> Chains)
{
    public static LoopView Nothing { get; } = new(new Dictionary<int, long?>(), []);
}

/// <summary>
/// Where the consuming thread and the audit meet: neither waits for the other. The thread shows what it has and takes findings; the audit looks and leaves
/// findings.
/// </summary>
internal sealed class AuditExchange : IDisposable
{
    private readonly ConcurrentQueue<AuditFinding> _findings = [];
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly TaskCompletionSource _looked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private LoopView _view = LoopView.Nothing;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TopicFacts? _topic;
    private volatile string? _refusal;
    private StalledRead? _stalled;

    /// <summary>Set by the consuming thread, several times a second.</summary>
    public LoopView View
    {
        get => ReadView().View;
        set
        {
            lock (_gate)
            {
                _view = value;
                _changed.SetResult();
                _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    /// <summary>The view, and a task that ends when there is a newer one.</summary>
    public (LoopView View, Task Changed) ReadView()
    {
        lock (_gate)
        {
            return (_view, _changed.Task);
        }
    }

    /// <summary>What Kafka said of the topic last; null when nothing. Set by the audit.</summary>
    public TopicFacts? Topic => _topic;

    /// <summary>Why nothing may be consumed from the topic. Set by the audit.</summary>
    public string? Refusal => _refusal;

    /// <summary>Completes when Kafka was asked about the topic once, whatever came of it.</summary>
    public Task TopicLookedAt => _looked.Task;

    /// <summary>What the audit saw last of a consumer that reads nothing; told once.</summary>
    public StalledRead? TakeStalled() => Interlocked.Exchange(ref _stalled, null);

    public void Report(StalledRead stalled) => Volatile.Write(ref _stalled, stalled);

    public bool HasFindings => !_findings.IsEmpty;

    public void SetTopic(TopicFacts? topic, string? refusal)
    {
        _refusal = refusal;
        // A topic that is away for a moment isn't another one yet.
        _topic = topic ?? _topic;
        _looked.TrySetResult();
    }

    /// <summary>Kafka could not be asked.</summary>
    public void TopicUnknown() => _looked.TrySetResult();

    public void Report(AuditFinding finding) => _findings.Enqueue(finding);

    public bool TryTake(out AuditFinding finding) => _findings.TryDequeue(out finding!);

    /// <summary>Somebody waits for the audit.</summary>
    public void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It's awake already.
        }
    }

    /// <summary>Waits until it's time, or until somebody waits.</summary>
    public Task<bool> WaitAsync(TimeSpan atMost, CancellationToken cancellationToken) => _wake.WaitAsync(atMost, cancellationToken);

    public void Dispose() => _wake.Dispose();
}
