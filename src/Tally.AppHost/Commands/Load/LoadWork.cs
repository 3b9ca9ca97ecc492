using HdrHistogram;
using Tally.AppHost.Commands.Demo;

namespace Tally.AppHost.Commands.Load;

/// <summary>
/// Calls at the moments when they are due. Users take them one after the other; while all users wait for answers, calls become late, and their latency counts
/// from when they were due, so that a slow answer can't hide the ones behind it. What is still late when the schedule ends never begins.
/// </summary>
/// <param name="schedule">When they are due.</param>
/// <param name="sums">Their numbers.</param>
/// <param name="first">The first call's number.</param>
/// <param name="time">The clock.</param>
internal sealed class LoadWork(LoadSchedule schedule, RandomSums sums, long first, TimeProvider time) : ICallSource
{
    /// <summary>A call that takes longer counts as this.</summary>
    public const long LongestMicroseconds = 600_000_000;

    /// <summary>How many digits of a latency are kept.</summary>
    public const int Digits = 3;

    /// <summary>A call that is as late as this shows that the system has given.</summary>
    private static readonly TimeSpan Broken = TimeSpan.FromSeconds(1);

    /// <summary>The clock of the wait is coarse: what is late by less isn't late.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(100);

    private readonly long _began = time.GetTimestamp();
    private readonly StageCount[] _stages = [.. schedule.Stages.Select(_ => new StageCount())];
    private long _taken;
    private volatile bool _isOver;

    /// <summary>No call begins any more once one is a second late.</summary>
    public bool EndsWhenItBreaks { get; init; }

    /// <summary>Whether it ended for that.</summary>
    public bool Broke { get; private set; }

    /// <summary>How many calls have been answered.</summary>
    public long Answered => _stages.Sum(stage => stage.Latencies.TotalCount);

    /// <summary>The stage that it is in now.</summary>
    public LoadStage Now
    {
        get
        {
            var left = time.GetElapsedTime(_began);
            foreach (var stage in schedule.Stages)
            {
                left -= stage.Length;
                if (left < TimeSpan.Zero)
                {
                    return stage;
                }
            }

            return schedule.Stages[^1];
        }
    }

    public async ValueTask<NumberedSum?> TakeAsync(CancellationToken cancellationToken)
    {
        var call = Interlocked.Increment(ref _taken) - 1;
        if (_isOver || schedule.At(call) is not { } place)
        {
            return null;
        }

        var now = time.GetElapsedTime(_began);
        if (place.Due > now)
        {
            await Task.Delay(place.Due - now, time, cancellationToken);
            now = time.GetElapsedTime(_began);
        }

        if (EndsWhenItBreaks && now - place.Due > Broken)
        {
            (Broke, _isOver) = (true, true);
        }

        if (_isOver || now > schedule.Length + Grace)
        {
            return null;
        }

        Interlocked.Increment(ref _stages[place.Stage].Begun);

        // For the same reason it may begin a little early, and then counts from when it did.
        var due = now < place.Due ? now : place.Due;
        return new NumberedSum(first + call, sums.At(first + call)) { TakenAt = _began + (long)(due.TotalSeconds * time.TimestampFrequency) };
    }

    public void Done(NumberedSum call, bool isAnswered)
    {
        var stage = _stages[schedule.At(call.Number - first)!.Value.Stage];
        if (isAnswered)
        {
            Interlocked.Exchange(ref stage.LastAnswer, time.GetTimestamp());
            stage.Latencies.RecordValue(Math.Min(LongestMicroseconds, (long)time.GetElapsedTime(call.TakenAt).TotalMicroseconds));
        }
        else
        {
            Interlocked.Increment(ref stage.Failed);
        }
    }

    /// <summary>What became of each stage, once all users have ended. Stages that never began aren't there.</summary>
    public IReadOnlyList<LoadStep> Steps =>
    [
        .. schedule.Stages.Select((stage, at) => (Stage: stage, Count: _stages[at], Began: schedule.BeginningOf(at))).Where(of => of.Count.Begun > 0)
            .Select(of => new LoadStep(
                (of.Stage.From + of.Stage.To) / 2,
                Math.Max(of.Stage.Length.TotalSeconds, (time.GetElapsedTime(_began, of.Count.LastAnswer) - of.Began).TotalSeconds))
            {
                Due = of.Stage.Calls,
                NotBegun = of.Stage.Calls - of.Count.Begun,
                Answered = of.Count.Latencies.TotalCount,
                Failed = of.Count.Failed,
                Latency = LoadLatency.Of(of.Count.Latencies),
            }),
    ];

    /// <summary>Adds the latencies of all stages to others.</summary>
    public void AddTo(HistogramBase latencies) => Array.ForEach(_stages, stage => latencies.Add(stage.Latencies));

    private sealed class StageCount
    {
        public long Begun;
        public long Failed;

        /// <summary>When the last answer came that was OK, as a timestamp of the clock.</summary>
        public long LastAnswer;

        public LongConcurrentHistogram Latencies { get; } = new(1, LongestMicroseconds, Digits);
    }
}
