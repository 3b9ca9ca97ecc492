using Tally.AppHost.Components;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Components;

public sealed class RestartPolicyTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void The_pause_doubles_with_each_death()
    {
        var policy = new RestartPolicy(_time);

        Assert.Equal([0.2, 0.4, 0.8, 1.6], Enumerable.Range(0, 4).Select(_ => policy.Died()!.Value.TotalSeconds));
    }

    [Fact]
    public void Five_deaths_within_a_minute_are_too_many()
    {
        var policy = new RestartPolicy(_time);
        for (var death = 1; death < 5; death++)
        {
            Assert.NotNull(policy.Died());
            _time.Advance(TimeSpan.FromSeconds(14));
        }

        Assert.Null(policy.Died());
    }

    [Fact]
    public void Deaths_that_lie_a_minute_back_are_forgotten()
    {
        var policy = new RestartPolicy(_time);
        for (var death = 0; death < 20; death++)
        {
            Assert.NotNull(policy.Died());
            _time.Advance(TimeSpan.FromSeconds(21));
        }

        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(TimeSpan.FromSeconds(0.2), policy.Died());
    }
}
