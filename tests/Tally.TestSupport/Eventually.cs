using System.Runtime.CompilerServices;

namespace Tally.TestSupport;

/// <summary>Waits for what can't be awaited.</summary>
public static class Eventually
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    /// <summary>Completes when a condition holds.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="patience">How long to wait.</param>
    /// <param name="what">The condition's text.</param>
    /// <param name="file">Who waits.</param>
    /// <param name="line">Where.</param>
    /// <exception cref="TimeoutException">It didn't hold in time.</exception>
    public static async Task TrueAsync(
        Func<Task<bool>> condition,
        TimeSpan patience,
        [CallerArgumentExpression(nameof(condition))] string what = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition().Within(patience, what, file, line))
        {
            if (TimeProvider.System.GetElapsedTime(started) > patience)
            {
                throw new TimeoutException($"Not within {patience.TotalSeconds:0.#} s at {Path.GetFileName(file)}:{line}: {what}");
            }

            await Task.Delay(Poll);
        }
    }

    /// <summary>Completes when a condition holds.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="patience">How long to wait.</param>
    /// <param name="what">The condition's text.</param>
    /// <param name="file">Who waits.</param>
    /// <param name="line">Where.</param>
    public static Task TrueAsync(
        Func<bool> condition,
        TimeSpan patience,
        [CallerArgumentExpression(nameof(condition))] string what = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) => TrueAsync(() => Task.FromResult(condition()), patience, what, file, line);
}
