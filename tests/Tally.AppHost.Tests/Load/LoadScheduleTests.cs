using Tally.AppHost.Commands.Load;

namespace Tally.AppHost.Tests.Load;

public sealed class LoadScheduleTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Calls_of_an_even_rate_are_evenly_spaced()
    {
        var schedule = new LoadSchedule(new LoadStage(4, 4, 2 * Second));

        Assert.Equal(8, schedule.Calls);
        Assert.Equal(
            [0, 250, 500, 750, 1_000, 1_250, 1_500, 1_750], Enumerable.Range(0, 8).Select(call => schedule.At(call)!.Value.Due.TotalMilliseconds));
        Assert.Null(schedule.At(8));
    }

    [Theory]
    [InlineData(0, 100)]
    [InlineData(100, 0)]
    [InlineData(10, 500)]
    public void In_a_slope_as_many_calls_are_due_by_any_moment_as_its_rates_add_up_to(double from, double to)
    {
        var stage = new LoadStage(from, to, 10 * Second);
        for (var call = 0; call < stage.Calls; call++)
        {
            var seconds = stage.DueAt(call).TotalSeconds;
            Assert.Equal(call, (from * seconds) + ((to - from) / 10 * seconds * seconds / 2), 0.01);
            Assert.InRange(seconds, 0, 10);
        }
    }

    [Fact]
    public void Stages_follow_each_other()
    {
        var schedule = new LoadSchedule(new LoadStage(2, 2, Second), new LoadStage(1, 1, 3 * Second));

        Assert.Equal((5, 4 * Second), (schedule.Calls, schedule.Length));
        Assert.Equal([(0.0, 0), (0.5, 0), (1.0, 1), (2.0, 1), (3.0, 1)], Enumerable.Range(0, 5).Select(call => schedule.At(call)!.Value).Select(at => (at.Due.TotalSeconds, at.Stage)));
    }

    [Fact]
    public void Every_scenario_asks_for_its_rate()
    {
        foreach (var scenario in LoadScenario.All)
        {
            var schedule = scenario.Plan(100, 10 * Second);
            Assert.Equal(10, schedule.Length.TotalSeconds, 0.001);
            Assert.Equal(scenario.Name == "spike" ? 1_000 : 100, schedule.Stages.Max(stage => Math.Max(stage.From, stage.To)), 0.001);
        }

        Assert.Equal((750, 2), (LoadScenario.NextRate(500), LoadScenario.NextRate(1)));
    }
}
