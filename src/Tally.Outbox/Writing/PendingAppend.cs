using System.Threading.Tasks.Sources;
using Microsoft.Extensions.ObjectPool;

namespace Tally.Outbox.Writing;

/// <summary>
/// One caller that waits for its commit: an awaitable that is used again once its caller has read the answer. One with a cancellation token is
/// not used again, since its cancellation may race with its completion.
/// </summary>
internal sealed class PendingAppend<TItem> : IValueTaskSource<OutboxPosition>
{
    private static readonly DefaultObjectPool<PendingAppend<TItem>> Pool = new(new Policy(), maximumRetained: 4_096);

    private ManualResetValueTaskSourceCore<OutboxPosition> _source;
    private CancellationTokenRegistration _registration;
    private bool _cancellable;
    private int _completed;

    /// <summary>The next one in the queue. Owned by the queue, then by the writer.</summary>
    public PendingAppend<TItem>? Next { get; set; }

    /// <summary>
    /// The next one with the same idempotency key, which gets the same answer without being stored. Owned by the writer, and to be read before this one is
    /// answered: afterwards it may be in use for another call.
    /// </summary>
    public PendingAppend<TItem>? Follower { get; set; }

    public OutboxMessage<TItem> Message { get; private set; }

    /// <summary>True once its caller gave up; then nothing needs to be stored for it.</summary>
    public bool IsCompleted => Volatile.Read(ref _completed) != 0;

    public static PendingAppend<TItem> Rent(in OutboxMessage<TItem> message, CancellationToken cancellationToken)
    {
        if (!cancellationToken.CanBeCanceled)
        {
            var pooled = Pool.Get();
            pooled.Message = message;
            return pooled;
        }

        var single = new PendingAppend<TItem> { Message = message, _cancellable = true };
        single._registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((PendingAppend<TItem>)state!).Fail(new OperationCanceledException(token)), single);
        return single;
    }

    /// <summary>What the caller awaits, once.</summary>
    public ValueTask<OutboxPosition> Task => new(this, _source.Version);

    /// <summary>Answers the caller; its continuation runs on this thread. Nothing happens when it gave up before.</summary>
    public void Complete(in OutboxPosition position)
    {
        if (Interlocked.Exchange(ref _completed, 1) == 0)
        {
            _source.SetResult(position);
        }
    }

    /// <summary>Answers the caller with a failure.</summary>
    public void Fail(Exception fault)
    {
        if (Interlocked.Exchange(ref _completed, 1) == 0)
        {
            _source.SetException(fault);
        }
    }

    /// <summary>Gives one back that no caller awaits.</summary>
    public void Discard() => Release();

    OutboxPosition IValueTaskSource<OutboxPosition>.GetResult(short token)
    {
        try
        {
            return _source.GetResult(token);
        }
        finally
        {
            Release();
        }
    }

    ValueTaskSourceStatus IValueTaskSource<OutboxPosition>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<OutboxPosition>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private void Release()
    {
        if (_cancellable)
        {
            _registration.Unregister();
            return;
        }

        Pool.Return(this);
    }

    private sealed class Policy : PooledObjectPolicy<PendingAppend<TItem>>
    {
        public override PendingAppend<TItem> Create() => new();

        public override bool Return(PendingAppend<TItem> pending)
        {
            pending._source.Reset();
            pending._completed = 0;
            pending.Next = null;
            pending.Follower = null;
            pending.Message = default;
            return true;
        }
    }
}
