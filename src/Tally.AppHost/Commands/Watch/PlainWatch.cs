namespace Tally.AppHost.Commands.Watch;

/// <summary>A line a second, and none while nothing changes: for files and other programs.</summary>
internal sealed class PlainWatch(TextWriter to, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly WatchRate _rate = new();
    private string? _last;
    private long _written;

    public void Show(WatchedState state)
    {
        var rate = _rate.Next(state.At, state.Count);
        var line = WatchWords.Line(state, rate);
        if (_last is null || (line != _last && time.GetElapsedTime(_written) >= Interval))
        {
            Write(line);
        }
    }

    public void Lost()
    {
        if (_last != WatchWords.Lost)
        {
            Write(WatchWords.Lost);
        }
    }

    private void Write(string line)
    {
        (_last, _written) = (line, time.GetTimestamp());
        to.WriteLine(line);
        to.Flush();
    }
}
