namespace Tally.Totals.Live;

/// <summary>
/// Something that is asked elsewhere, again and again, and takes as long as it takes: what it is asked for goes on with the last answer meanwhile, and sees
/// how old that is. Asked by one caller alone.
/// </summary>
/// <typeparam name="T">What is answered.</typeparam>
/// <param name="ask">Asks.</param>
/// <param name="isAway">Whether a fault means that nobody answers now, so that it is asked again; any other is thrown at the next time.</param>
/// <param name="time">The clock.</param>
internal sealed class Question<T>(Func<CancellationToken, Task<T>> ask, Func<Exception, bool> isAway, TimeProvider time)
    where T : class
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(2);

    // More than two of the seconds that asking, and whoever asks, may each wait for a database that doesn't answer.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(3);

    private Task _asking = Task.CompletedTask;
    private long? _asked;
    private volatile Answered? _last;

    /// <summary>The last answer, however old; null before the first.</summary>
    public T? Answer => _last?.Answer;

    /// <summary>Whether it was answered lately.</summary>
    public bool IsAnswered => _last is { } last && time.GetElapsedTime(last.At) < Silence;

    /// <summary>Asks, unless an answer is on its way or was only just asked for.</summary>
    /// <param name="cancellationToken">Cancels the asking.</param>
    public async Task AskAsync(CancellationToken cancellationToken)
    {
        if (_asking.IsCompleted && !(_asked is { } asked && time.GetElapsedTime(asked) < Interval))
        {
            // It has ended: this only lets a fault that nobody expects be seen.
            await _asking;
            _asked = time.GetTimestamp();
            _asking = TakeAsync(cancellationToken);
        }
    }

    /// <summary>Asks anew, since what was heard long ago must not be the first thing that is shown; waits for the answer a moment.</summary>
    /// <param name="cancellationToken">Cancels the asking.</param>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        _asked = null;
        await AskAsync(cancellationToken);
        await Task.WhenAny(_asking, Task.Delay(Moment, time, cancellationToken));
    }

    private async Task TakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            _last = new Answered(await ask(cancellationToken), time.GetTimestamp());
        }
        catch (Exception away) when (isAway(away))
        {
            // How old the last answer is, is seen.
        }
    }

    private sealed record Answered(T Answer, long At);
}
