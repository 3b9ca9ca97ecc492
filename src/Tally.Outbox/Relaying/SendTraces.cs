using System.Collections.Concurrent;
using System.Diagnostics;

namespace Tally.Outbox.Relaying;

/// <summary>The spans of traced results that a stream has handed to Kafka, until each is acknowledged. Few, or none: most results aren't traced.</summary>
internal sealed class SendTraces
{
    // Filled by the relay's loop, emptied by the producer's thread, in the same order.
    private readonly ConcurrentQueue<(long Sequence, Activity Span)> _open = new();

    /// <summary>Before the result is handed over: its report may come at once.</summary>
    public void Add(long sequence, Activity span) => _open.Enqueue((sequence, span));

    /// <summary>Kafka has everything up to there.</summary>
    public void Acknowledged(long sequence)
    {
        while (_open.TryPeek(out var first) && first.Sequence <= sequence && _open.TryDequeue(out var sent))
        {
            sent.Span.Dispose();
        }
    }

    /// <summary>Of what is open nothing is known any more; it's sent again.</summary>
    public void GiveUp(string reason)
    {
        while (_open.TryDequeue(out var sent))
        {
            sent.Span.SetStatus(ActivityStatusCode.Error, reason).Dispose();
        }
    }
}
