namespace Tally.AppHost.Commands.Watch;

/// <summary>How fast a number grows, over two seconds: states come unevenly.</summary>
internal sealed class WatchRate
{
    private const long Window = 2_000;

    private readonly Queue<(long At, long Number)> _seen = [];

    /// <summary>Takes the number of a moment, in milliseconds.</summary>
    /// <returns>Its growth a second; null when that isn't known yet, or when it went back.</returns>
    public double? Next(long at, long number)
    {
        _seen.Enqueue((at, number));
        while (_seen.Count > 2 && at - _seen.ElementAt(1).At >= Window)
        {
            _seen.Dequeue();
        }

        var from = _seen.Peek();
        return at > from.At && number >= from.Number ? (number - from.Number) * 1000.0 / (at - from.At) : null;
    }
}
