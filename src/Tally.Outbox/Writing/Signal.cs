using System.Threading.Tasks.Sources;

namespace Tally.Outbox.Writing;

/// <summary>
/// Wakes one waiting loop. Setting it is one interlocked operation when nobody waits; a signal that comes while nobody waits is kept, once.
/// </summary>
internal sealed class Signal : IValueTaskSource
{
    private const int Idle = 0;
    private const int Set = 1;
    private const int Waiting = 2;

    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };
    private int _state;

    /// <summary>Wakes the loop, now or when it comes to wait. Any thread.</summary>
    public void Raise()
    {
        if (Interlocked.Exchange(ref _state, Set) == Waiting)
        {
            Volatile.Write(ref _state, Idle);
            _source.SetResult(true);
        }
    }

    /// <summary>Waits for the next signal. One waiter at a time.</summary>
    public ValueTask WaitAsync()
    {
        _source.Reset();
        var before = Interlocked.CompareExchange(ref _state, Waiting, Idle);
        if (before == Set)
        {
            Volatile.Write(ref _state, Idle);
            return ValueTask.CompletedTask;
        }

        return new ValueTask(this, _source.Version);
    }

    void IValueTaskSource.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
