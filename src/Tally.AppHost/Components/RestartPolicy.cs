namespace Tally.AppHost.Components;

/// <summary>
/// Decides what follows a death: a pause that grows with each one, or the end when too many came within a minute. Only decides; not thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class RestartPolicy(TimeProvider time)
{
    /// <summary>How many deaths within <see cref="Window"/> are too many.</summary>
    public const int TooMany = 5;

    /// <summary>What is looked back on.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly Queue<long> _deaths = new();

    /// <summary>Notes a death.</summary>
    /// <returns>How long to wait before the next start, or null to give up.</returns>
    public TimeSpan? Died()
    {
        var now = time.GetTimestamp();
        while (_deaths.TryPeek(out var oldest) && time.GetElapsedTime(oldest, now) > Window)
        {
            _deaths.Dequeue();
        }

        _deaths.Enqueue(now);
        if (_deaths.Count >= TooMany)
        {
            return null;
        }

        var pause = Shortest * Math.Pow(2, _deaths.Count - 1);
        return pause < Longest ? pause : Longest;
    }
}
