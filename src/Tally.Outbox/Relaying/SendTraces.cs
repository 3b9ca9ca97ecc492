using System.Diagnostics;

namespace Tally.Outbox.Relaying;

/// <summary>
/// The spans of traced results that a stream has handed to Kafka, until each is acknowledged. Few, or none: most results aren't traced. Filled by the relay's
/// loop, emptied by the producer's thread, and by the loop at the end.
/// </summary>
internal sealed class SendTraces
{
    private readonly Lock _gate = new();
    private readonly Queue<(long Sequence, Activity Span)> _open = new();

    /// <summary>Before the result is handed over: its report may come at once.</summary>
    public void Add(long sequence, Activity span)
    {
        lock (_gate)
        {
            _open.Enqueue((sequence, span));
        }
    }

    /// <summary>Kafka has everything up to there.</summary>
    public void Acknowledged(long sequence)
    {
        lock (_gate)
        {
            while (_open.TryPeek(out var first) && first.Sequence <= sequence)
            {
                _open.Dequeue().Span.Dispose();
            }
        }
    }

    /// <summary>Kafka won't take one of them, so that nothing behind it counts.</summary>
    public void Fail(string reason) => EndAll(span => span.SetStatus(ActivityStatusCode.Error, reason));

    /// <summary>Nobody waits for what is open any more: Kafka may have it or not, and whoever has the shard next sends it again.</summary>
    public void GiveUp() => EndAll(static span => span.SetTag("tally.outbox.send.outcome", "unknown"));

    private void EndAll(Action<Activity> mark)
    {
        lock (_gate)
        {
            while (_open.TryDequeue(out var sent))
            {
                mark(sent.Span);
                sent.Span.Dispose();
            }
        }
    }
}
