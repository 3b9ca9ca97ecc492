using System.Collections.Concurrent;

namespace Tally.Inbox.Tests.Support;

/// <summary>What the tests' own outbox stores, and how it answers an inbox: a rewind sends again what is stored.</summary>
internal sealed class FakeOutbox(Func<IReadOnlyList<Number>, Task> send) : IInboxSource<long>
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, NumberHistory> _histories = [];
    private readonly Dictionary<int, long> _relayed = [];
    private readonly Dictionary<(int Shard, long Sequence), byte[]> _damaged = [];
    private readonly Dictionary<int, long> _trimmed = [];
    private int _positionsRead;

    /// <summary>Every rewind that was asked for.</summary>
    public ConcurrentQueue<(int Shard, long From)> Rewinds { get; } = [];

    /// <summary>Everything that was confirmed.</summary>
    public ConcurrentQueue<SourceConfirmation> Confirmed { get; } = [];

    public bool IsAway { get; set; }

    public int Shards { get; set; } = 2;

    /// <summary>While set, a rewind is recorded and not fulfilled.</summary>
    public bool IsSlow { get; set; }

    public long RewindingFrom { get; set; }

    public Guid System { get; set; } = Number.System1;

    public int PositionsRead => Volatile.Read(ref _positionsRead);

    /// <summary>What the outbox holds from now on, and how much of it was relayed: all when nothing is said.</summary>
    public FakeOutbox Holds(NumberHistory history, long? relayed = null)
    {
        lock (_gate)
        {
            _histories[history.Shard] = history;
            _relayed[history.Shard] = relayed ?? history.Events.Count;
        }

        return this;
    }

    /// <summary>Changes a stored row.</summary>
    public void Damage(int shard, long sequence, byte[] value)
    {
        lock (_gate)
        {
            _damaged[(shard, sequence)] = value;
        }
    }

    public void Mend(int shard, long sequence)
    {
        lock (_gate)
        {
            _damaged.Remove((shard, sequence));
        }
    }

    /// <summary>Retention took everything up to a sequence.</summary>
    public void Trim(int shard, long upTo)
    {
        lock (_gate)
        {
            _trimmed[shard] = upTo;
        }
    }

    public Task<SourcePositions> ReadPositionsAsync(CancellationToken cancellationToken)
    {
        ThrowIfAway();
        Interlocked.Increment(ref _positionsRead);
        lock (_gate)
        {
            return Task.FromResult(new SourcePositions(System, [.. Enumerable.Range(0, Shards).Select(PositionOf)]));
        }
    }

    public async Task RewindAsync(int shard, long fromSequence, CancellationToken cancellationToken)
    {
        ThrowIfAway();
        Rewinds.Enqueue((shard, fromSequence));
        if (IsSlow)
        {
            RewindingFrom = fromSequence;
            return;
        }

        IReadOnlyList<Number> events;
        lock (_gate)
        {
            events = [.. _histories[shard].Events.Skip((int)fromSequence - 1)];
        }

        await send([.. events.Where(number => !_damaged.ContainsKey((shard, number.Position.Sequence)))]);
    }

    public Task<SourceEvent?> ReadEventAsync(int shard, long sequence, CancellationToken cancellationToken)
    {
        ThrowIfAway();
        lock (_gate)
        {
            var stored = sequence <= _trimmed.GetValueOrDefault(shard) ? null : _histories.TryGetValue(shard, out var history) ? history.Events.FirstOrDefault(number => number.Position.Sequence == sequence) : null;
            return Task.FromResult(
                stored is null ? null : new SourceEvent(stored.Position.Epoch, stored.Key, _damaged.GetValueOrDefault((shard, sequence)) ?? stored.Bytes));
        }
    }

    public Task<SourceBranch<long>?> ReadBranchAsync(int shard, long epoch, CancellationToken cancellationToken)
    {
        ThrowIfAway();
        lock (_gate)
        {
            var common = _histories[shard].Events.TakeWhile(number => number.Position.Epoch <= epoch).LastOrDefault();
            var isTrimmed = (common?.Position.Sequence ?? 0) < _trimmed.GetValueOrDefault(shard);
            return Task.FromResult(
                isTrimmed ? null : new SourceBranch<long>(common?.Position.Epoch ?? 0, common?.Position.Sequence ?? 0, common?.Total ?? 0));
        }
    }

    public Task ConfirmAsync(SourceConfirmation confirmation, CancellationToken cancellationToken)
    {
        ThrowIfAway();
        Confirmed.Enqueue(confirmation);
        return Task.CompletedTask;
    }

    private SourceShard PositionOf(int shard)
    {
        var last = _histories.TryGetValue(shard, out var history) && history.Events is [.., var latest] ? latest : null;
        return new SourceShard(shard, last?.Position.Epoch ?? 0, last?.Position.Sequence ?? 0, _relayed.GetValueOrDefault(shard), RewindingFrom, _trimmed.GetValueOrDefault(shard));
    }

    private void ThrowIfAway()
    {
        if (IsAway)
        {
            throw new InboxSourceException("away");
        }
    }
}
