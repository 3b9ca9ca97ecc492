using Tally.AppHost.Commands.Demo;

namespace Tally.AppHost.Commands.Chaos;

/// <summary>Calls at a steady rate until they are told to end. What wasn't sent while nobody answered isn't made up for.</summary>
/// <param name="sums">Their numbers.</param>
/// <param name="rate">How many a second.</param>
/// <param name="time">The clock.</param>
internal sealed class ChaosLoad(RandomSums sums, int rate, TimeProvider time) : ICallSource, IDisposable
{
    private static readonly TimeSpan MostBehind = TimeSpan.FromMilliseconds(100);

    private readonly TimeSpan _interval = TimeSpan.FromSeconds(1.0 / rate);
    private readonly long _began = time.GetTimestamp();
    private readonly Lock _gate = new();
    private readonly List<(long Since, TaskCompletionSource Answered)> _waiting = [];
    private readonly CancellationTokenSource _ended = new();
    private long _next;
    private TimeSpan _due;
    private long _done;

    /// <summary>How many calls were answered or given up.</summary>
    public long DoneCalls => Interlocked.Read(ref _done);

    /// <summary>No further calls begin.</summary>
    public void End() => _ended.Cancel();

    public async ValueTask<NumberedSum?> TakeAsync(CancellationToken cancellationToken)
    {
        long number;
        TimeSpan pause;
        lock (_gate)
        {
            var now = time.GetElapsedTime(_began);
            _due = _due > now - MostBehind ? _due + _interval : now;
            number = _next++;
            pause = _due - now;
        }

        if (pause > TimeSpan.Zero)
        {
            await Task.Delay(pause, time, _ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return _ended.IsCancellationRequested ? null : new NumberedSum(number, sums.At(number)) { TakenAt = time.GetTimestamp() };
    }

    public void Done(NumberedSum call, bool isAnswered)
    {
        Interlocked.Increment(ref _done);
        if (!isAnswered)
        {
            return;
        }

        lock (_gate)
        {
            _waiting.ForEach(one =>
            {
                if (call.TakenAt >= one.Since)
                {
                    one.Answered.TrySetResult();
                }
            });
            _waiting.RemoveAll(one => one.Answered.Task.IsCompleted);
        }
    }

    /// <summary>When all callers have ended.</summary>
    public void Dispose() => _ended.Dispose();

    /// <summary>Completes when a call was answered OK that began at or after a moment.</summary>
    /// <param name="since">The moment, as a timestamp of the clock.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task WaitForAnswerAsync(long since, CancellationToken cancellationToken)
    {
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiting.Add((since, answered));
        }

        await answered.Task.WaitAsync(cancellationToken);
    }
}
