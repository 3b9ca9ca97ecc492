using System.Collections.Concurrent;
using Tally.Outbox.Storage;

namespace Tally.Outbox.Relaying;

/// <summary>
/// Committed batches on their way from the writer to the relay, in memory. When it is full the writer leaves a batch out, and the relay
/// finds it in the table: so this never loses anything and never holds anybody up.
/// </summary>
internal sealed class HandOff(int capacity)
{
    private readonly ConcurrentQueue<CommittedBatch> _batches = new();
    private int _results;

    /// <summary>Adds a batch unless too many results wait already. The writer only.</summary>
    public void TryAdd(CommittedBatch batch)
    {
        if (Volatile.Read(ref _results) + batch.Payloads.Length <= capacity)
        {
            Interlocked.Add(ref _results, batch.Payloads.Length);
            _batches.Enqueue(batch);
        }
    }

    /// <summary>Takes the oldest batch. The relay only.</summary>
    public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out CommittedBatch? batch)
    {
        if (!_batches.TryDequeue(out batch))
        {
            return false;
        }

        Interlocked.Add(ref _results, -batch.Payloads.Length);
        return true;
    }
}
