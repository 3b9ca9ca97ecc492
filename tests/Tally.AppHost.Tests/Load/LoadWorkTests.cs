using Tally.AppHost.Commands.Demo;
using Tally.AppHost.Commands.Load;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Load;

public sealed class LoadWorkTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_call_waits_until_it_is_due()
    {
        var work = Work();
        Assert.Equal(100, (await TakeAsync(work)).Number);

        var second = work.TakeAsync(CancellationToken.None).AsTask();
        Assert.False(second.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.Equal(101, (await second.Within(Processes.Soon))!.Value.Number);
    }

    [Fact]
    public async Task A_late_call_counts_from_when_it_was_due()
    {
        var work = Work();
        var first = await TakeAsync(work);
        _time.Advance(TimeSpan.FromMilliseconds(500));
        work.Done(first, isAnswered: true);

        // The only user had to wait: this one was due after 100 ms.
        var late = await TakeAsync(work);
        _time.Advance(TimeSpan.FromMilliseconds(50));
        work.Done(late, isAnswered: true);

        var step = Assert.Single(work.Steps);
        Assert.Equal(2, step.Answered);
        Assert.Equal(500, step.Latency.Max.TotalMilliseconds, 1.0);
        Assert.Equal(450, step.Latency.P50.TotalMilliseconds, 1.0);
    }

    [Fact]
    public async Task What_is_late_when_the_schedule_ends_never_begins()
    {
        var work = Work();
        work.Done(await TakeAsync(work), isAnswered: false);
        _time.Advance(2 * Second);

        Assert.Null(await work.TakeAsync(CancellationToken.None));
        var step = Assert.Single(work.Steps);
        Assert.Equal((10, 9, 0, 1), (step.Due, step.NotBegun, step.Answered, step.Failed));
        Assert.Equal(1, step.FailedShare);
        Assert.False(work.Broke);
    }

    [Fact]
    public async Task It_breaks_when_a_call_is_a_second_late()
    {
        var work = new LoadWork(new LoadSchedule(new LoadStage(10, 10, 60 * Second)), new RandomSums(1), 0, _time) { EndsWhenItBreaks = true };
        Assert.NotNull(await work.TakeAsync(CancellationToken.None));
        _time.Advance(TimeSpan.FromMilliseconds(1_050));
        Assert.NotNull(await work.TakeAsync(CancellationToken.None));

        _time.Advance(Second);

        Assert.Null(await work.TakeAsync(CancellationToken.None));
        Assert.True(work.Broke);
    }

    private LoadWork Work() => new(new LoadSchedule(new LoadStage(10, 10, Second)), new RandomSums(1), 100, _time);

    private static async Task<NumberedSum> TakeAsync(LoadWork work) => (await work.TakeAsync(CancellationToken.None).AsTask().Within(Processes.Soon))!.Value;
}
