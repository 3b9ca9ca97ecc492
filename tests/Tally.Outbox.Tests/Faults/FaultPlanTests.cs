using Tally.Faults;

namespace Tally.Outbox.Tests.Faults;

public sealed class FaultPlanTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    public void Without_the_variable_there_is_no_plan(string? text) => Assert.Null(FaultPlan.Parse(text));

    [Fact]
    public void A_step_is_due_the_first_time_only()
    {
        var plan = FaultPlan.Parse("claim")!;

        Assert.False(plan.IsDue("rewind"));
        Assert.True(plan.IsDue("claim"));
        Assert.False(plan.IsDue("claim"));
    }

    [Fact]
    public void A_step_with_a_number_is_due_at_that_time()
    {
        var plan = FaultPlan.Parse("relay.after-ack@3, fold.after-poll")!;

        Assert.Equal([false, false, true, false], Enumerable.Range(0, 4).Select(_ => plan.IsDue("relay.after-ack")));
        Assert.True(plan.IsDue("fold.after-poll"));
    }

    [Theory]
    [InlineData("relay.after-akc")]
    [InlineData("claim@")]
    [InlineData("claim@0")]
    [InlineData("claim@-1")]
    [InlineData("claim@two")]
    [InlineData("claim@1@2")]
    [InlineData("claim,")]
    public void What_would_never_be_reached_is_refused_and_named(string text)
    {
        var refused = Assert.Throws<FormatException>(() => FaultPlan.Parse(text));

        Assert.Contains("TALLY_FAULT_POINTS holds '", refused.Message, StringComparison.Ordinal);
        Assert.Contains("relay.after-produce", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>That each name is reached by a running system is tested with <c>./tally chaos</c>; here, that the code and the list know the same names.</summary>
    [Fact]
    public void Every_name_in_the_code_is_in_the_list()
    {
        var source = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(source.FullName, "Tally.slnx")))
        {
            source = source.Parent!;
        }

        var inCode = Directory.EnumerateFiles(Path.Combine(source.FullName, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(File.ReadLines)
            .Where(line => line.Contains("FaultPoint.Reach(\"", StringComparison.Ordinal))
            .Select(line => line.Split('"')[1])
            .Distinct()
            .Order()
            .ToArray();

        Assert.Equal(FaultPlan.Names.Order(), inCode);
    }
}
