namespace Tally.Inbox.Consuming;

/// <summary>Pauses that double from 50 ms up to a limit, each shortened at random so that instances don't knock in step.</summary>
internal sealed class RetryPause(TimeSpan longest)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);
    private TimeSpan _next = Shortest;

    public TimeSpan Next()
    {
        var pause = _next < longest ? _next : longest;
        _next = pause * 2;
        return pause * (0.75 + (Random.Shared.NextDouble() / 4));
    }

    public void Reset() => _next = Shortest;
}
