using Tally.AppHost.Commands.Chaos;
using Tally.AppHost.Commands.Demo;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Chaos;

public sealed class ChaosLoadTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task What_was_not_sent_while_nobody_answered_is_not_made_up_for()
    {
        using var load = new ChaosLoad(new RandomSums(1), rate: 10, _time);
        Assert.NotNull(await load.TakeAsync(CancellationToken.None).AsTask().Within(Processes.Soon));

        _time.Advance(TimeSpan.FromSeconds(60));

        Assert.NotNull(await load.TakeAsync(CancellationToken.None).AsTask().Within(Processes.Soon));
        var second = load.TakeAsync(CancellationToken.None);
        Assert.False(second.IsCompleted);
        load.End();
        Assert.Null(await second.AsTask().Within(Processes.Soon));
    }

    [Fact]
    public async Task Only_an_answer_to_a_call_that_began_later_shows_that_adds_work_again()
    {
        using var load = new ChaosLoad(new RandomSums(1), rate: 10, _time);
        var waiting = load.WaitForAnswerAsync(since: 100, CancellationToken.None);

        load.Done(new NumberedSum { TakenAt = 99 }, isAnswered: true);
        load.Done(new NumberedSum { TakenAt = 100 }, isAnswered: false);
        Assert.False(waiting.IsCompleted);
        load.Done(new NumberedSum { TakenAt = 100 }, isAnswered: true);

        await waiting.Within(Processes.Soon);
        Assert.Equal(3, load.DoneCalls);
    }
}
