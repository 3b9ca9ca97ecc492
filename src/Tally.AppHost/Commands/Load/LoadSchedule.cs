namespace Tally.AppHost.Commands.Load;

/// <summary>When each call is due, whatever the calls before it do: what makes a load an open model.</summary>
/// <param name="stages">One behind the other.</param>
internal sealed class LoadSchedule(params IReadOnlyList<LoadStage> stages)
{
    public IReadOnlyList<LoadStage> Stages => stages;

    /// <summary>How long it lasts.</summary>
    public TimeSpan Length { get; } = stages.Aggregate(TimeSpan.Zero, (sum, stage) => sum + stage.Length);

    /// <summary>How many calls there are.</summary>
    public long Calls { get; } = stages.Sum(stage => stage.Calls);

    /// <summary>When a stage begins.</summary>
    public TimeSpan BeginningOf(int stage) => stages.Take(stage).Aggregate(TimeSpan.Zero, (sum, before) => sum + before.Length);

    /// <summary>When a call is due, and in which stage; null when there is no such call.</summary>
    /// <param name="call">Which call, from 0.</param>
    public (TimeSpan Due, int Stage)? At(long call)
    {
        var began = TimeSpan.Zero;
        for (var at = 0; at < stages.Count; at++)
        {
            var stage = stages[at];
            if (call < stage.Calls)
            {
                return (began + stage.DueAt(call), at);
            }

            call -= stage.Calls;
            began += stage.Length;
        }

        return null;
    }
}
