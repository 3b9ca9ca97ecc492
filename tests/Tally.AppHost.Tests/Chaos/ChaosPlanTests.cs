using Tally.AppHost.Commands.Chaos;
using Tally.Faults;

namespace Tally.AppHost.Tests.Chaos;

public sealed class ChaosPlanTests
{
    [Fact]
    public void The_same_seed_gives_the_same_plan_and_another_one_another()
    {
        Assert.Equal(Plan(1, 300), Plan(1, 300));
        Assert.NotEqual(Plan(1, 300), Plan(2, 300));
    }

    [Fact]
    public void A_longer_plan_begins_with_the_shorter_one() => Assert.Equal(Plan(1, 10), Plan(1, 300).Take(10));

    [Fact]
    public void No_fault_and_no_instance_is_left_out()
    {
        var plan = Plan(1, 60);

        Assert.Equal(ChaosPlan.FaultPoints.Order(), plan.Select(step => step.FaultPoint).OfType<string>().Distinct().Order());
        Assert.Equal(
            ["calculator-1", "calculator-2", "kafka", "postgres", "totals-1", "totals-2"], plan.Select(step => step.Whom).Distinct().Order());
        Assert.Equal(
            ["calculator", "kafka", "postgres", "totals"],
            plan.Where(step => step.Kind == ChaosKind.Freeze).Select(step => step.Whom.Split('-')[0]).Distinct().Order());
        Assert.Contains(plan, step => step.Overlaps);
    }

    [Fact]
    public void Every_labelled_step_is_in_it() => Assert.Equal(FaultPlan.Names.Order(), ChaosPlan.FaultPoints.Order());

    [Fact]
    public void Only_the_targets_are_befallen()
    {
        var plan = ChaosPlan.Make(3, 100, ["kafka", "totals"]).ToArray();

        Assert.Equal(["kafka", "totals-1", "totals-2"], plan.Select(step => step.Whom).Distinct().Order());
    }

    [Fact]
    public void A_stop_lasts_and_a_step_has_a_time()
    {
        var plan = Plan(7, 1_000);

        Assert.All(plan, step => Assert.Equal(step.Kind == ChaosKind.Freeze, step.Frozen > TimeSpan.Zero));
        Assert.All(plan, step => Assert.InRange(step.Frozen, TimeSpan.Zero, TimeSpan.FromSeconds(9)));
        Assert.All(plan, step => Assert.InRange(step.Times, 1, 200));

        // What the process is told must be what it understands.
        Assert.All(plan.Where(step => step.FaultPoint is not null), step => Assert.NotNull(FaultPlan.Parse($"{step.FaultPoint}@{step.Times}")));
    }

    private static ChaosStep[] Plan(long seed, int kills) => [.. ChaosPlan.Make(seed, kills, ChaosPlan.Targets)];
}
